"""The story, told by a client of openapi-python-client."""

import json
import os

from orgd_client import AuthenticatedClient, Client
from orgd_client.api.organizations import (
    create_organization,
    delete_organization,
    get_organization_by_id,
    get_organizations,
    get_provisioner_job,
    get_provisioner_jobs,
    update_organization,
)
from orgd_client.api.provisioning import cancel_provisioner_job, create_provisioner_job
from orgd_client.api.users import get_user_by_name, log_in_user
from orgd_client.models import (
    CodersdkCreateOrganizationRequest,
    CodersdkLoginWithPasswordRequest,
    CodersdkProvisionerJobStatus,
    CodersdkProvisionerJobType,
    CodersdkResponse,
    CodersdkUpdateOrganizationRequest,
    GetProvisionerJobsStatus,
    OrgdCreateProvisionerJobRequest,
    OrgdCreateProvisionerJobRequestTags,
)

API = os.environ["ORGD_API"]


def expect(actual, expected, what):
    """Ends the story when the two differ."""
    if actual != expected:
        raise SystemExit(f"{what}: expected {expected!r}, got {actual!r}")


def succeeded(answer, what):
    """What a call answers when it succeeds; its refusal ends the story."""
    if answer.status_code >= 300:
        raise SystemExit(f"{what}: status {answer.status_code}: {answer.content.decode()}")
    return answer.parsed


def login():
    """A client with the session token that a password gives."""
    email, password = os.environ["ORGD_EMAIL"], os.environ["ORGD_PASSWORD"]
    anonymous = Client(base_url=API, raise_on_unexpected_status=True)
    wrong = CodersdkLoginWithPasswordRequest(email=email, password="not the password")
    expect(log_in_user.sync_detailed(client=anonymous, body=wrong).status_code, 401, "the status of a wrong password")
    body = CodersdkLoginWithPasswordRequest(email=email, password=password)
    session = succeeded(log_in_user.sync_detailed(client=anonymous, body=body), "login")
    # The generator does not read where the document wants the token: the header's name is told here.
    return AuthenticatedClient(
        base_url=API,
        token=session.session_token,
        auth_header_name="Coder-Session-Token",
        prefix="",
        raise_on_unexpected_status=True,
    )


def make_and_rename(client, name):
    """Creates an organization, finds it, renames it and meets the conflict; its ID."""
    body = CodersdkCreateOrganizationRequest(name=name, icon="/icon/k8s.png")
    created = succeeded(create_organization.sync_detailed(client=client, body=body), "create")
    expect((created.name, created.display_name, created.icon), (name, name, "/icon/k8s.png"), "what was created")
    listed = succeeded(get_organizations.sync_detailed(client=client), "list")
    expect([found for found in listed if found.id == created.id], [created], "the organization in the list")
    found = succeeded(get_organization_by_id.sync_detailed(created.id, client=client), "get")
    expect(found, created, "get")

    # None is sent as null, which means "leave it"; what is not given is not sent.
    changes = CodersdkUpdateOrganizationRequest(name=f"{name}-2", description=None)
    renamed = succeeded(update_organization.sync_detailed(str(created.id), client=client, body=changes), "rename")
    expect((renamed.name, renamed.display_name), (f"{name}-2", name), "the new name")

    body = CodersdkCreateOrganizationRequest(name=f"{name}-2")
    conflict = create_organization.sync_detailed(client=client, body=body)
    expect(conflict.status_code, 409, "the status of a conflict")
    expect(type(conflict.parsed), CodersdkResponse, "the type of a conflict")
    expect(conflict.parsed.message, f'Organization already exists with the name "{name}-2".', "the conflict")
    expect([broken.field for broken in conflict.parsed.validations], ["name"], "the field in conflict")
    return created.id


def enqueue(client, organization, pairs):
    """Queues a job with these tags."""
    tags = OrgdCreateProvisionerJobRequestTags.from_dict(pairs)
    body = OrgdCreateProvisionerJobRequest(type_=CodersdkProvisionerJobType.WORKSPACE_BUILD, tags=tags)
    return succeeded(create_provisioner_job.sync_detailed(organization, client=client, body=body), "enqueue")


def work_on_jobs(client, organization):
    """Queues two jobs, lists them in every way, and cancels them."""
    me = succeeded(get_user_by_name.sync_detailed("me", client=client), "get me")
    tagged = enqueue(client, organization, {"cluster": "eu-1"})
    plain = enqueue(client, organization, {})
    expect((tagged.status, tagged.initiator_id), (CodersdkProvisionerJobStatus.PENDING, me.id), "the new job")
    expect(tagged.tags["cluster"], "eu-1", "the tags of the new job")

    def listed(**query):
        jobs = succeeded(get_provisioner_jobs.sync_detailed(organization, client=client, **query), "list jobs")
        return [job.id for job in jobs]

    ids = [tagged.id, plain.id]
    expect(listed(), [plain.id, tagged.id], "all jobs, newest first")
    expect(listed(limit=1), [plain.id], "the newest job")
    expect(len(listed(ids=ids)), 2, "jobs by two ids")
    expect(listed(status=GetProvisionerJobsStatus.RUNNING), [], "running jobs")
    tags, pending = json.dumps({"cluster": "eu-1"}), GetProvisionerJobsStatus.PENDING
    every = listed(limit=5, ids=ids, status=pending, tags=tags, initiator=me.id)
    expect(every, [tagged.id], "jobs by every filter")

    for job in ids:
        succeeded(cancel_provisioner_job.sync_detailed(organization, job, client=client), "cancel")
    canceled = succeeded(get_provisioner_job.sync_detailed(organization, tagged.id, client=client), "get job")
    expect(canceled.status, CodersdkProvisionerJobStatus.CANCELED, "the status of a canceled job")


def delete(client, organization):
    """Deletes the organization and meets the 404."""
    deleted = succeeded(delete_organization.sync_detailed(str(organization), client=client), "delete")
    expect(deleted.message, "Organization has been deleted.", "the deletion")
    gone = get_organization_by_id.sync_detailed(organization, client=client)
    expect(gone.status_code, 404, "the status of what is gone")
    expect(gone.parsed.message, "Resource not found or you do not have access to this resource", "what is gone")


if __name__ == "__main__":
    client = login()
    organization = make_and_rename(client, os.environ["ORGD_STORY"])
    work_on_jobs(client, organization)
    delete(client, organization)
    print("The story ends well.")
