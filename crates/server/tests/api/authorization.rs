//! Who may do what: every operation of the contract, asked by everybody there is.
//!
//! The table here says it by role and knows nothing of the server's own; an operation without a row does not compile.

use orgd::operations::{
    AuditOperation, GeneralOperation, MembersOperation, Operation, OrganizationsOperation, ProvisioningOperation,
    UsersOperation,
};
use serde_json::json;

use crate::harness::{Answer, Client, NOT_FOUND};
use world::World;

mod world;

/// Somebody who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Anonymous,
    Suspended,
    /// A session token of an owner that is for connecting to applications only.
    Narrow,
    /// Signed in, without roles and organizations.
    Nobody,
    /// Admin of another organization.
    Elsewhere,
    Owner,
    TemplateAdmin,
    UserAdmin,
    Auditor,
    AgentsAccess,
    Member,
    OrgAdmin,
    OrgTemplateAdmin,
    OrgUserAdmin,
    OrgAuditor,
    OrgBanned,
    /// The provisioner key of the organization.
    Key,
    /// A provisioner key of another organization.
    OtherKey,
}

use Subject as S;

/// Everybody who comes with a session token that is good for anything.
const USERS: &[S] = &[
    S::Nobody,
    S::Elsewhere,
    S::Owner,
    S::TemplateAdmin,
    S::UserAdmin,
    S::Auditor,
    S::AgentsAccess,
    S::Member,
    S::OrgAdmin,
    S::OrgTemplateAdmin,
    S::OrgUserAdmin,
    S::OrgAuditor,
    S::OrgBanned,
];
/// Who may read the organization `acme`.
const READERS: &[S] = &[
    S::Owner,
    S::TemplateAdmin,
    S::UserAdmin,
    S::Auditor,
    S::Member,
    S::OrgAdmin,
    S::OrgTemplateAdmin,
    S::OrgUserAdmin,
    S::OrgAuditor,
    S::OrgBanned,
];
/// Who may read all users.
const SITE_READERS: &[S] = &[S::Owner, S::TemplateAdmin, S::UserAdmin, S::Auditor];
const OWNER: &[S] = &[S::Owner];
const ADMINS: &[S] = &[S::Owner, S::OrgAdmin];
const JOB_ADMINS: &[S] = &[S::Owner, S::OrgAdmin, S::OrgTemplateAdmin];
const USER_ADMINS: &[S] = &[S::Owner, S::UserAdmin];
const MEMBER_ADMINS: &[S] = &[S::Owner, S::UserAdmin, S::OrgAdmin, S::OrgUserAdmin];

/// What is said to users who may not.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    /// What is said of what does not exist.
    Hidden,
    /// That they may not, to whoever sees the organization; what is said of what does not exist to the others.
    ToReaders(&'static [S]),
    /// That they may not.
    Said,
}

/// Who may, and what the others are told.
enum Row {
    /// Everybody, signed in or not.
    Open,
    /// Everybody who is signed in, with whatever token.
    SignedIn,
    /// These.
    Only(&'static [S], Refusal),
    /// These, and the provisioner key of the organization.
    Workers(&'static [S], Refusal),
}

fn row(operation: Operation) -> Row {
    match operation {
        Operation::Organizations(operation) => organizations(operation),
        Operation::Provisioning(operation) => provisioning(operation),
        Operation::Members(operation) => members(operation),
        Operation::Users(operation) => users(operation),
        Operation::General(operation) => match operation {
            GeneralOperation::GetApiRoot | GeneralOperation::GetBuildInfo => Row::Open,
            GeneralOperation::GetEntitlements => Row::Only(USERS, Refusal::Said),
        },
        // Whoever may read none reads an empty list.
        Operation::Audit(AuditOperation::GetAuditLogs) => Row::SignedIn,
    }
}

fn organizations(operation: OrganizationsOperation) -> Row {
    use OrganizationsOperation as Op;
    match operation {
        Op::GetOrganizations => Row::SignedIn,
        Op::GetOrganizationById => Row::Only(READERS, Refusal::Hidden),
        Op::CreateOrganization => Row::Only(OWNER, Refusal::Said),
        Op::UpdateOrganization | Op::DeleteOrganization => Row::Only(ADMINS, Refusal::ToReaders(READERS)),
        Op::GetProvisionerJobs | Op::GetProvisionerJob => Row::Only(JOB_ADMINS, Refusal::Hidden),
    }
}

fn provisioning(operation: ProvisioningOperation) -> Row {
    use ProvisioningOperation as Op;
    match operation {
        Op::CreateProvisionerJob => Row::Only(JOB_ADMINS, Refusal::ToReaders(READERS)),
        Op::CancelProvisionerJob
        | Op::CancelWorkspaceBuild
        | Op::CancelTemplateVersion
        | Op::CancelTemplateVersionDryRun
        | Op::GetProvisionerDaemons
        | Op::GetProvisionerJobLogs => Row::Only(JOB_ADMINS, Refusal::Hidden),
        Op::ListProvisionerKeys => {
            Row::Only(&[S::Owner, S::TemplateAdmin, S::OrgAdmin, S::OrgTemplateAdmin], Refusal::Hidden)
        }
        Op::CreateProvisionerKey | Op::DeleteProvisionerKey => Row::Only(JOB_ADMINS, Refusal::ToReaders(READERS)),
        Op::RegisterProvisionerDaemon => Row::Workers(JOB_ADMINS, Refusal::ToReaders(READERS)),
        Op::HeartbeatProvisionerDaemon
        | Op::AcquireProvisionerJob
        | Op::ReportProvisionerJobProgress
        | Op::CompleteProvisionerJob
        | Op::FailProvisionerJob => Row::Workers(JOB_ADMINS, Refusal::Hidden),
    }
}

fn members(operation: MembersOperation) -> Row {
    use MembersOperation as Op;
    match operation {
        Op::ListOrganizationMembers | Op::PaginatedOrganizationMembers | Op::GetMemberRolesByOrganization => {
            Row::Only(READERS, Refusal::Hidden)
        }
        Op::AddOrganizationMember | Op::RemoveOrganizationMember | Op::AssignRoleToOrganizationMember => {
            Row::Only(MEMBER_ADMINS, Refusal::ToReaders(READERS))
        }
        Op::GetSiteMemberRoles => Row::Only(USERS, Refusal::Said),
        Op::GetOrganizationsByUser => Row::Only(
            // Whoever administers the members of some organization must be able to look for those who could become one.
            &[S::Owner, S::TemplateAdmin, S::UserAdmin, S::Auditor, S::OrgAdmin, S::OrgUserAdmin, S::Elsewhere],
            Refusal::Hidden,
        ),
        Op::GetOrganizationByUserAndOrganizationName => Row::Only(
            &[S::Owner, S::TemplateAdmin, S::UserAdmin, S::Auditor, S::OrgAdmin, S::OrgUserAdmin],
            Refusal::Hidden,
        ),
    }
}

fn users(operation: UsersOperation) -> Row {
    use UsersOperation as Op;
    match operation {
        Op::CheckInitialUserCreated | Op::CreateInitialUser | Op::LogInUser => Row::Open,
        // The list shows everybody themselves.
        Op::LogOutUser | Op::GetUsers => Row::SignedIn,
        Op::GetUserByName => Row::Only(SITE_READERS, Refusal::Hidden),
        Op::CreateNewUser => Row::Only(USER_ADMINS, Refusal::Said),
        Op::GetUserRoles => Row::Only(USER_ADMINS, Refusal::Hidden),
        Op::UpdateUserProfile
        | Op::UpdateUserPassword
        | Op::DeleteUser
        | Op::SuspendUserAccount
        | Op::ActivateUserAccount => Row::Only(USER_ADMINS, Refusal::ToReaders(SITE_READERS)),
        Op::AssignRoleToUser
        | Op::CreateNewSessionKey
        | Op::CreateTokenApiKey
        | Op::DeleteApiKey
        | Op::ExpireApiKey => Row::Only(OWNER, Refusal::ToReaders(SITE_READERS)),
        Op::GetApiKeyById | Op::GetUserTokens | Op::GetApiKeyByTokenName | Op::GetTokenConfig => {
            Row::Only(OWNER, Refusal::Hidden)
        }
    }
}

/// What somebody is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    SignedOut,
    NotFound,
    Forbidden,
    /// The operation itself answers, be it that it cannot be done.
    LetIn,
}

impl Seen {
    fn of(answer: &Answer) -> Self {
        match answer.status {
            401 => Self::SignedOut,
            403 => Self::Forbidden,
            // Whatever is hidden and whatever is absent have the same bytes.
            404 if answer.text() == NOT_FOUND => Self::NotFound,
            _ => Self::LetIn,
        }
    }
}

fn expected(operation: Operation, subject: S) -> Seen {
    let row = row(operation);
    let (may, refusal, takes_key) = match row {
        Row::Open => return Seen::LetIn,
        Row::SignedIn => (USERS, Refusal::Said, false),
        Row::Only(may, refusal) => (may, refusal, false),
        Row::Workers(may, refusal) => (may, refusal, true),
    };
    match subject {
        S::Anonymous | S::Suspended => Seen::SignedOut,
        S::Key if takes_key => Seen::LetIn,
        S::OtherKey if takes_key => Seen::NotFound,
        S::Key | S::OtherKey => Seen::SignedOut,
        _ if may.contains(&subject) => Seen::LetIn,
        S::Narrow if matches!(row, Row::SignedIn) => Seen::LetIn,
        _ => match refusal {
            Refusal::Hidden => Seen::NotFound,
            Refusal::Said => Seen::Forbidden,
            Refusal::ToReaders(readers) if readers.contains(&subject) => Seen::Forbidden,
            Refusal::ToReaders(_) => Seen::NotFound,
        },
    }
}

fn check(subjects: &[S]) {
    let world = World::new();
    let mut wrong = Vec::new();
    for subject in subjects {
        let client = world.client(*subject);
        let ends_session = Operation::from(UsersOperation::LogOutUser);
        let order = Operation::ALL.iter().copied().filter(|operation| *operation != ends_session);
        for operation in order.chain([ends_session]) {
            let answer = world.ask(&client, operation);
            let (seen, expected) = (Seen::of(&answer), expected(operation, *subject));
            if seen != expected {
                let (id, text) = (operation.id(), answer.text());
                wrong.push(format!("{subject:?} at {id}: {expected:?} expected, {seen:?}: {} {text}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn strangers_and_narrow_tokens() {
    check(&[S::Anonymous, S::Suspended, S::Narrow, S::Nobody, S::Elsewhere]);
}

#[test]
fn site_roles() {
    check(&[S::Owner, S::TemplateAdmin, S::UserAdmin, S::Auditor, S::AgentsAccess]);
}

#[test]
fn organization_roles() {
    check(&[S::Member, S::OrgAdmin, S::OrgTemplateAdmin, S::OrgUserAdmin, S::OrgAuditor, S::OrgBanned]);
}

#[test]
fn provisioner_keys() {
    check(&[S::Key, S::OtherKey]);
}

/// How many reads of the database an answer costs, and the answer.
fn cost(world: &World, client: &Client, operation: Operation, path: &str) -> (u64, Answer) {
    let before = world.reads();
    let answer = client.request(operation.method(), path).json(&json!([])).send();
    (world.reads() - before, answer)
}

#[test]
fn the_database_is_asked_as_often_for_what_is_hidden_as_for_what_is_not_there() {
    let world = World::new();
    let mut checked = 0;
    for subject in [S::Nobody, S::Elsewhere, S::Member, S::OtherKey] {
        let client = world.client(subject);
        let hidden = Operation::ALL.iter().copied().filter(|operation| expected(*operation, subject) == Seen::NotFound);
        for operation in hidden {
            let (there, not_there) = world.paths(operation);
            let of = |path: &str| cost(&world, &client, operation, path);
            let hidden = of(&there).1;
            // Whoever sees the organization may learn that another is not there.
            let tells_nothing = |path: &String| READERS.contains(&subject) && path.ends_with("/organizations/nowhere");
            for path in not_there.into_iter().filter(|path| !tells_nothing(path)) {
                let absent = of(&path).1;
                let what = format!("{subject:?} at {} with {path}", operation.id());
                assert_eq!(Seen::of(&hidden), Seen::NotFound, "{what}");
                assert_eq!((absent.status, absent.text()), (hidden.status, hidden.text()), "{what}");
                // The server also reads for itself now and then.
                let is_same = (0..4).any(|_| of(&path).0 == of(&there).0);
                assert!(is_same, "{what}: {} reads, {} for what is there", of(&path).0, of(&there).0);
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "{checked}");
}
