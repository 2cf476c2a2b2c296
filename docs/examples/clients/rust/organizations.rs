//! Lists the organizations, makes one, and reads the error of making it again.

#![expect(clippy::print_stdout, reason = "it is there to print")]

use orgd_client::types::CodersdkCreateOrganizationRequest;
use orgd_client::{CallError, Client, Credential};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let token = Credential::SessionToken(std::env::var("ORGD_TOKEN")?);
    let client = Client::new(&std::env::var("ORGD_URL")?, &token)?;

    for organization in client.api().get_organizations().await?.iter() {
        println!("{}", organization.name.as_deref().unwrap_or_default());
    }
    let request = CodersdkCreateOrganizationRequest {
        name: "platform-team".parse()?,
        display_name: None,
        description: None,
        icon: None,
    };
    let created = client.api().create_organization(&request).await?;
    println!("Created {}.", created.name.as_deref().unwrap_or_default());
    match client.api().create_organization(&request).await.map_err(CallError::from) {
        Err(CallError::Refused(refused)) => println!("{}: {}", refused.status, refused.message),
        other => drop(other?),
    }
    Ok(())
}
