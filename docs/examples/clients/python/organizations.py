import os

from orgd_client import AuthenticatedClient
from orgd_client.api.organizations import create_organization, get_organizations
from orgd_client.models import CodersdkCreateOrganizationRequest

url, token = os.environ["ORGD_URL"] + "/api/v2", os.environ["ORGD_TOKEN"]
client = AuthenticatedClient(base_url=url, token=token, auth_header_name="Coder-Session-Token", prefix="")

for organization in get_organizations.sync(client=client):
    print(organization.name)
body = CodersdkCreateOrganizationRequest(name="platform-team")
print(f"Created {create_organization.sync(client=client, body=body).name}.")
refused = create_organization.sync_detailed(client=client, body=body)
print(f"{refused.status_code}: {refused.parsed.message}")
