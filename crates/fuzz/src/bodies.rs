//! JSON bodies, their media type, and the bytes that answers are made of.

use orgd::wire::body::{check_media_type, read_json, read_one_object, validations_of};
use orgd::wire::encode::to_vec;
use orgd_api_types as api;
use serde::Serialize;
use serde::de::DeserializeOwned;
use validator::Validate;

/// A body of every request that has one: the first byte picks which. What is read is written and read again as the same.
pub fn body(data: &[u8]) {
    let Some((which, bytes)) = data.split_first() else { return };
    match which % 16 {
        0 => again::<api::CreateOrganizationRequest>(bytes),
        1 => again::<api::UpdateOrganizationRequest>(bytes),
        2 => again::<api::CreateProvisionerJobRequest>(bytes),
        3 => again::<api::CreateProvisionerKeyRequest>(bytes),
        4 => again::<api::CreateTokenRequest>(bytes),
        5 => again::<api::RegisterProvisionerDaemonRequest>(bytes),
        6 => again::<api::AcquireProvisionerJobRequest>(bytes),
        7 => again::<api::ProvisionerJobProgressRequest>(bytes),
        8 => again::<api::CompleteProvisionerJobRequest>(bytes),
        9 => again::<api::FailProvisionerJobRequest>(bytes),
        10 => again::<api::UpdateUserProfileRequest>(bytes),
        11 => drop(judge::<api::CreateUserRequest>(bytes)),
        12 => drop(judge::<api::CreateFirstUserRequest>(bytes)),
        13 => drop(judge::<api::LoginWithPasswordRequest>(bytes)),
        14 => drop(judge::<api::UpdateUserPasswordRequest>(bytes)),
        _ => drop(read_one_object::<serde_json::Value>(bytes).map_err(|error| error.detail())),
    }
}

/// Reads and validates.
fn judge<T: DeserializeOwned + Default + Validate>(bytes: &[u8]) -> Option<T> {
    match read_json::<T>(bytes) {
        Ok(request) => {
            if let Err(errors) = request.validate() {
                assert!(!validations_of(&errors, &[]).is_empty(), "a refusal without a reason");
            }
            // Whatever is taken, a strict reader takes it too.
            let text = str::from_utf8(bytes).expect("UTF-8");
            serde_json::from_str::<serde_json::Value>(text).expect("JSON");
            Some(request)
        }
        Err(error) => {
            assert!(error.detail().len() < 2_000, "{} bytes", error.detail().len());
            assert!(!error.message().is_empty());
            None
        }
    }
}

/// The same, written and read once more.
fn again<T: DeserializeOwned + Default + Validate + Serialize + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    if let Some(request) = judge::<T>(bytes) {
        let written = to_vec(&request);
        assert_eq!(read_json::<T>(&written).expect("what was written"), request);
    }
}

/// Only JSON in UTF-8 passes.
pub fn media_type(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match check_media_type(Some(text)) {
        Ok(()) => assert!(text.trim().is_empty() || text.to_ascii_lowercase().contains("json"), "{text:?}"),
        Err(why) => assert!(!why.is_empty()),
    }
}

/// Any JSON that is answered is one line that is read again as the same, and has nothing that a browser takes for markup.
pub fn answer(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    let written = to_vec(&value);
    let text = str::from_utf8(&written).expect("UTF-8");
    assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
    assert!(
        !text.trim_end_matches('\n').contains(|character: char| character.is_ascii_control() && character != '\u{7f}'),
        "{text:?}"
    );
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&written).expect("JSON"), value);
}
