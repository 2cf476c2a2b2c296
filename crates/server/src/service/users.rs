//! The rules of users: who is shown to whom, and who may change whom.

use orgd_api_types::{
    CreateUserRequest, GetUsersResponse, LoginType, UpdateRoles, UpdateUserProfileRequest, User as WireUser,
    ValidationError, password_rule_broken_by, username_rule_broken_by,
};
use uuid::Uuid;
use validator::Validate;

use super::Services;
use super::error::{ServiceError, check};
use super::user_error::{UserError, user_conflict};
use crate::auth::assignment::slim;
use crate::auth::authenticate::Caller;
use crate::auth::permission::Permission;
use crate::auth::principal::UserStatus;
use crate::auth::roles::{Role, RoleSet, SiteRole};
use crate::db::user_changes::{Reach, UserChange};
use crate::db::users::User;
use crate::wire::body::validations_of;
use crate::wire::query::UserListQuery;
use crate::wire::reference::UserRef;

/// The order in which failing fields are reported.
const FIELDS: &[&str] = &[
    "username",
    "email",
    "name",
    "old_password",
    "password",
    "login_type",
    "user_status",
    "organization_ids",
    "roles",
];
/// The role that everybody has and that is not written down.
const MEMBER: &str = "member";

impl Services {
    /// The user whom a path names, if they exist and the caller may read them.
    pub async fn find_user(&self, caller: &Caller, reference: &UserRef) -> Result<User, ServiceError> {
        let found = self.look_up_user(caller, reference).await?;
        found.filter(|user| caller.may_to(Permission::ReadUsers, user.id)).ok_or(ServiceError::NotFound)
    }

    /// The user whom a path names, whether or not the caller may know of them.
    pub(super) async fn look_up_user(
        &self,
        caller: &Caller,
        reference: &UserRef,
    ) -> Result<Option<User>, ServiceError> {
        let own = caller.principal.user_id;
        Ok(match reference {
            UserRef::Me => self.database.find_user_by_id(own).await?,
            UserRef::Id(id) => self.database.find_user_by_id(*id).await?,
            UserRef::Name(name) => self.database.find_user_by_name(name.clone()).await?,
            UserRef::IdOrName(id, name) => {
                // Both in any case: otherwise the time would tell whether there is a user with this id.
                let by_id = self.database.find_user_by_id(*id).await?;
                let by_name = self.database.find_user_by_name(name.clone()).await?;
                by_id.or(by_name)
            }
        })
    }

    /// The users that the caller may read, by name.
    pub async fn get_users(&self, caller: &Caller, mut query: UserListQuery) -> Result<GetUsersResponse, ServiceError> {
        if !caller.may_to(Permission::ReadUsers, caller.principal.user_id) {
            return Ok(GetUsersResponse { users: Vec::new(), count: 0 });
        }
        if !caller.may(Permission::ReadUsers, None) {
            query.filter.only = Some(caller.principal.user_id);
        }
        let page = self.database.search_users(query.filter, query.page).await?;
        let users = page.users.into_iter().map(|(user, organizations)| self.shown(user, organizations)).collect();
        Ok(GetUsersResponse { users, count: page.count })
    }

    /// The user as the API shows them.
    pub async fn show_user(&self, user: User) -> Result<WireUser, ServiceError> {
        let memberships = self.database.list_memberships(user.id).await?;
        Ok(self.shown(user, memberships.into_iter().map(|membership| membership.organization).collect()))
    }

    /// The same for a user of whom it is known in which organizations they are.
    pub(super) fn shown(&self, user: User, mut organizations: Vec<Uuid>) -> WireUser {
        let snapshot = self.model.load();
        organizations.retain(|id| snapshot.organizations.by_id(*id).is_some());
        WireUser {
            id: user.id,
            username: user.username,
            name: user.name,
            email: user.email,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_seen_at: user.last_seen_at,
            status: user.status,
            login_type: user.login_type,
            organization_ids: organizations,
            roles: slim(user.roles, None),
        }
    }

    /// Creates a user without roles, a member of the organizations that are named or else of the default one.
    pub async fn create_user(&self, caller: &Caller, request: CreateUserRequest) -> Result<WireUser, ServiceError> {
        let mut faults = request.validate().err().map(|errors| validations_of(&errors, FIELDS)).unwrap_or_default();
        let (login_type, status) = (login_type_of(&request, &mut faults), status_of(&request, &mut faults));
        if !faults.is_empty() {
            return Err(ServiceError::Validation(faults));
        }
        let mut organizations = request.organization_ids.unwrap_or_default();
        organizations.sort_unstable();
        organizations.dedup();
        if organizations.is_empty() {
            let default = self.model.load().organizations.default_organization().map(|cached| cached.organization.id);
            organizations.extend(default);
        }
        let (username, email) = (request.username.unwrap_or_default(), request.email.unwrap_or_default());
        let user = User {
            name: request.name.unwrap_or_default(),
            status,
            login_type,
            ..User::new(username, email, RoleSet::EMPTY, self.clock.now())
        };
        let hashed = match request.password {
            Some(password) if login_type == LoginType::Password => {
                Some(self.hashes.turn().await?.hash(password).await?)
            }
            _ => None,
        };
        let created = self.acting_for(caller).create_user(user.clone(), hashed, organizations.clone()).await;
        created.map_err(user_conflict)?;
        Ok(self.shown(user, organizations))
    }

    /// Sets a user's name and full name.
    pub async fn update_user_profile(
        &self,
        caller: &Caller,
        user: &User,
        request: UpdateUserProfileRequest,
    ) -> Result<WireUser, ServiceError> {
        check(&request, FIELDS)?;
        let username = request.username.unwrap_or_default();
        // A name that was given before a rule was made stays good.
        if username != user.username
            && let Some(rule) = username_rule_broken_by(&username)
        {
            return Err(ServiceError::Validation(vec![ValidationError::new("username", rule)]));
        }
        let change = UserChange::Profile { username, name: request.name.unwrap_or_default() };
        self.change_user(caller, reach_of(caller, user), user, change).await
    }

    /// Gives a user these site roles instead of those that they have.
    pub async fn assign_roles(
        &self,
        caller: &Caller,
        user: &User,
        request: UpdateRoles,
    ) -> Result<WireUser, ServiceError> {
        check(&request, FIELDS)?;
        if caller.principal.user_id == user.id {
            return Err(UserError::Refused("You cannot change your own roles.").into());
        }
        let roles = site_roles_of(request.roles.unwrap_or_default())?;
        self.change_user(caller, Reach::Everybody, user, UserChange::Roles(roles)).await
    }

    /// Lets a user in (true), or refuses them everything (false).
    pub async fn set_user_active(&self, caller: &Caller, user: &User, active: bool) -> Result<WireUser, ServiceError> {
        if active {
            return self.change_user(caller, reach_of(caller, user), user, UserChange::Activate).await;
        }
        if caller.principal.user_id == user.id {
            return Err(UserError::Refused("You cannot suspend yourself.").into());
        }
        if user.roles.contains(SiteRole::Owner) && caller.principal.roles.contains(SiteRole::Owner) {
            return Err(UserError::Refused(SUSPENDED_OWNER).into());
        }
        self.change_user(caller, reach_of(caller, user), user, UserChange::Suspend).await
    }

    /// Deletes a user. Their name and mail address are free at once, and their session tokens are gone.
    pub async fn delete_user(&self, caller: &Caller, user: &User) -> Result<(), ServiceError> {
        if caller.principal.user_id == user.id {
            return Err(UserError::Refused("You cannot delete yourself.").into());
        }
        self.change_user(caller, reach_of(caller, user), user, UserChange::Delete).await.map(drop)
    }

    /// Makes a change and shows the user as they are then.
    async fn change_user(
        &self,
        caller: &Caller,
        reach: Reach,
        user: &User,
        change: UserChange,
    ) -> Result<WireUser, ServiceError> {
        let changed = self.acting_for(caller).change_user(user.id, reach, change, self.clock.now()).await;
        let changed = changed.map_err(user_conflict)??;
        self.show_user(changed).await.map_err(ServiceError::after_commit)
    }
}

/// What is said to somebody who suspends an owner.
const SUSPENDED_OWNER: &str = "You cannot suspend a user with the \"owner\" role. You must remove the role first.";

/// Whom the caller may change: owners are for owners, and for themselves.
pub(super) fn reach_of(caller: &Caller, user: &User) -> Reach {
    let is_own = caller.principal.user_id == user.id;
    if is_own || caller.principal.roles.contains(SiteRole::Owner) { Reach::Everybody } else { Reach::AllButOwners }
}

fn login_type_of(request: &CreateUserRequest, faults: &mut Vec<ValidationError>) -> LoginType {
    let given = request.login_type.as_deref().filter(|text| !text.is_empty()).unwrap_or("password");
    let login_type = match LoginType::from_wire(given) {
        Some(known @ (LoginType::Password | LoginType::None)) => known,
        Some(LoginType::Token | LoginType::Github | LoginType::Oidc) | None => {
            faults.push(ValidationError::new("login_type", "must be \"password\" or \"none\""));
            return LoginType::None;
        }
    };
    let password = request.password.as_ref().map(|password| password.reveal()).filter(|text| !text.is_empty());
    let rule = match (login_type, password) {
        (LoginType::Password, None) => Some("is required with the login type \"password\""),
        (LoginType::Password, Some(password)) => password_rule_broken_by(password),
        (_, Some(_)) => Some("must not be given with the login type \"none\""),
        (_, None) => None,
    };
    faults.extend(rule.map(|rule| ValidationError::new("password", rule)));
    login_type
}

fn status_of(request: &CreateUserRequest, faults: &mut Vec<ValidationError>) -> UserStatus {
    match request.user_status.as_deref().unwrap_or_default() {
        "" | "dormant" => UserStatus::Dormant,
        "active" => UserStatus::Active,
        _ => {
            faults.push(ValidationError::new("user_status", "must be \"active\" or \"dormant\""));
            UserStatus::Dormant
        }
    }
}

fn site_roles_of(names: Vec<String>) -> Result<RoleSet<SiteRole>, ServiceError> {
    let mut roles = RoleSet::EMPTY;
    for name in names.iter().filter(|name| *name != MEMBER) {
        let Some(role) = SiteRole::from_name(name) else {
            let known: Vec<_> = SiteRole::ALL.iter().map(|role| role.as_str()).collect();
            let rule = format!("must be names of roles: {}, {MEMBER}", known.join(", "));
            return Err(ServiceError::Validation(vec![ValidationError::new("roles", rule)]));
        };
        roles = roles.with(role);
    }
    Ok(roles)
}
