//! Operations that are not run, each with the reason: nothing is changed but organizations of the run's own.

use crate::case::{Case, Stop};
use crate::run::Run;

macro_rules! left_out {
    ($($operation:literal),+ $(,)?) => {
        &[$(case!($operation, "left-out", Reading, left_out, "not run: it changes more than organizations of the run's own, or takes a worker"),)+]
    };
}

pub(super) static CASES: &[Case] = left_out![
    "createInitialUser",
    "logInUser",
    "logOutUser",
    "createNewSessionKey",
    "deleteAPIKey",
    "expireAPIKey",
    "createTokenAPIKey",
    "createNewUser",
    "deleteUser",
    "updateUserProfile",
    "updateUserPassword",
    "assignRoleToUser",
    "suspendUserAccount",
    "activateUserAccount",
    "registerProvisionerDaemon",
    "heartbeatProvisionerDaemon",
    "acquireProvisionerJob",
    "reportProvisionerJobProgress",
    "completeProvisionerJob",
    "failProvisionerJob",
    "cancelWorkspaceBuild",
    "cancelTemplateVersion",
    "cancelTemplateVersionDryRun",
];

async fn left_out(_: &mut Run<'_>) -> Result<(), Stop> {
    Err(Stop::Skip("not run: it changes more than organizations of the run's own, or takes a worker".to_owned()))
}
