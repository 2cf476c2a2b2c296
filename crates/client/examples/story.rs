//! The story that every generated client tells, told by this one: `cargo xtask client rust`.

#![expect(clippy::print_stdout, reason = "a program says how it ended")]

use std::error::Error;
use std::fmt::Debug;

use orgd_client::types::{
    CodersdkCreateOrganizationRequest, CodersdkLoginWithPasswordRequest, CodersdkProvisionerJob,
    CodersdkProvisionerJobStatus, CodersdkProvisionerJobType, CodersdkUpdateOrganizationRequest,
    GetProvisionerJobsStatus, OrgdCreateProvisionerJobRequest,
};
use orgd_client::{CallError, Client, Credential, Refusal};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let client = login().await?;
    let organization = make_and_rename(&client, &std::env::var("ORGD_STORY")?).await?;
    work_on_jobs(&client, &organization).await?;
    delete(&client, &organization).await?;
    println!("The story ends well.");
    Ok(())
}

async fn login() -> Outcome<Client> {
    let api = std::env::var("ORGD_API")?;
    // This client adds the path of the API itself.
    let url = api.strip_suffix("/api/v2").ok_or("ORGD_API does not end with /api/v2")?;
    let (email, password) = (std::env::var("ORGD_EMAIL")?, std::env::var("ORGD_PASSWORD")?);
    let nobody = Client::new(url, &Credential::SessionToken("none".to_owned()))?;
    let wrong = CodersdkLoginWithPasswordRequest { email: email.clone(), password: "not the password".parse()? };
    expect(&refusal(nobody.api().log_in_user(&wrong).await)?.status, &401, "the status of a wrong password")?;
    let right = CodersdkLoginWithPasswordRequest { email, password: password.parse()? };
    let session = nobody.api().log_in_user(&right).await.map_err(CallError::from)?;
    Ok(Client::new(url, &Credential::SessionToken(session.into_inner().session_token))?)
}

fn called(name: &str) -> Outcome<CodersdkCreateOrganizationRequest> {
    let icon = Some("/icon/k8s.png".to_owned());
    Ok(CodersdkCreateOrganizationRequest { name: name.parse()?, icon, description: None, display_name: None })
}

async fn make_and_rename(client: &Client, name: &str) -> Outcome<String> {
    let created = client.api().create_organization(&called(name)?).await.map_err(CallError::from)?.into_inner();
    let given = [&created.name, &created.display_name, &created.icon].map(Option::as_deref);
    expect(&given, &[Some(name), Some(name), Some("/icon/k8s.png")], "what was created")?;
    let listed = client.api().get_organizations().await.map_err(CallError::from)?;
    expect(&listed.iter().filter(|found| found.id == created.id).count(), &1, "the organization in the list")?;
    let id = created.id.to_string();
    let got = client.api().get_organization_by_id(&id).await.map_err(CallError::from)?;
    expect(&(got.id, &got.name), &(created.id, &created.name), "get")?;

    let new = format!("{name}-2");
    let changes = CodersdkUpdateOrganizationRequest { name: Some(new.parse()?), ..Default::default() };
    let renamed = client.api().update_organization(&id, &changes).await.map_err(CallError::from)?;
    let names = [&renamed.name, &renamed.display_name].map(Option::as_deref);
    expect(&names, &[Some(&*new), Some(name)], "the new name")?;

    let conflict = refusal(client.api().create_organization(&called(&new)?).await)?;
    expect(&conflict.status, &409, "the status of a conflict")?;
    expect(&conflict.message, &format!("Organization already exists with the name {new:?}."), "the conflict")?;
    expect(&conflict.validations.iter().map(|(field, _)| &**field).collect::<Vec<_>>(), &vec!["name"], "the field")?;
    Ok(id)
}

/// Most keys of a job are optional in the document, as they are in Coder's.
fn id_of(job: &CodersdkProvisionerJob) -> Outcome<Uuid> {
    job.id.ok_or_else(|| "a job has no ID".into())
}

async fn work_on_jobs(client: &Client, organization: &str) -> Outcome<()> {
    let me = client.api().get_user_by_name("me").await.map_err(CallError::from)?.id;
    let tagged = enqueue(client, organization, &[("cluster", "eu-1")]).await?;
    let plain = enqueue(client, organization, &[]).await?;
    let pending = CodersdkProvisionerJobStatus::Pending;
    expect(&(tagged.status, tagged.initiator_id), &(Some(pending), Some(me)), "the new job")?;
    expect(&tagged.tags.get("cluster").map(String::as_str), &Some("eu-1"), "the tags of the new job")?;

    let (tagged, plain) = (id_of(&tagged)?, id_of(&plain)?);
    let (ids, running) = (vec![tagged, plain], Some(GetProvisionerJobsStatus::Running));
    let list = async |ids, initiator, limit, status, tags| -> Outcome<Vec<Uuid>> {
        let jobs = client.api().get_provisioner_jobs(organization, ids, initiator, limit, status, tags).await;
        jobs.map_err(CallError::from)?.iter().map(id_of).collect()
    };
    let newest_first = vec![plain, tagged];
    expect(&list(None, None, None, None, None).await?, &newest_first, "all jobs, newest first")?;
    expect(&list(None, None, Some(1), None, None).await?, &vec![plain], "the newest job")?;
    expect(&list(Some(&ids), None, None, None, None).await?.len(), &2, "jobs by two ids")?;
    expect(&list(None, None, None, running, None).await?, &vec![], "running jobs")?;
    let (pending, tags) = (Some(GetProvisionerJobsStatus::Pending), Some(r#"{"cluster": "eu-1"}"#));
    let every = list(Some(&ids), Some(&me), Some(5), pending, tags).await?;
    expect(&every, &vec![tagged], "jobs by every filter")?;

    for job in &ids {
        client.api().cancel_provisioner_job(organization, job).await.map_err(CallError::from)?;
    }
    let canceled = client.api().get_provisioner_job(organization, &tagged).await.map_err(CallError::from)?;
    expect(&canceled.status, &Some(CodersdkProvisionerJobStatus::Canceled), "the status of a canceled job")
}

async fn enqueue(client: &Client, organization: &str, tags: &[(&str, &str)]) -> Outcome<CodersdkProvisionerJob> {
    let body = OrgdCreateProvisionerJobRequest {
        type_: CodersdkProvisionerJobType::WorkspaceBuild,
        tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        id: None,
        provisioner: None,
        priority: None,
        input: None,
        file_id: None,
        metadata: None,
    };
    let made = client.api().create_provisioner_job(organization, &body).await.map_err(CallError::from)?;
    Ok(made.into_inner())
}

async fn delete(client: &Client, organization: &str) -> Outcome<()> {
    let deleted = client.api().delete_organization(organization).await.map_err(CallError::from)?;
    expect(&*deleted.message, "Organization has been deleted.", "the deletion")?;
    let gone = refusal(client.api().get_organization_by_id(organization).await)?;
    expect(&gone.status, &404, "the status of what is gone")?;
    expect(&*gone.message, "Resource not found or you do not have access to this resource", "what is gone")
}

fn refusal<T, E: Into<CallError>>(answer: Result<T, E>) -> Outcome<Refusal> {
    match answer.map_err(Into::into) {
        Err(CallError::Refused(refusal)) => Ok(refusal),
        Err(other) => Err(other.into()),
        Ok(_) => Err("a call succeeded that was to be refused".into()),
    }
}

fn expect<T: PartialEq + Debug + ?Sized>(actual: &T, expected: &T, what: &str) -> Outcome<()> {
    if actual == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, got {actual:?}").into()) }
}
