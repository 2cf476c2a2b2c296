// The story, told by a client of hey-api.

import { expect, idOf, setting, succeeded } from "./expect.ts";
import { client } from "./hey-api/client.gen.ts";
import * as api from "./hey-api/sdk.gen.ts";
import type { GetProvisionerJobsData } from "./hey-api/types.gen.ts";

client.setConfig({ baseUrl: setting("ORGD_API") });

const login = { email: setting("ORGD_EMAIL"), password: setting("ORGD_PASSWORD") };
const wrong = await api.logInUser({ body: { ...login, password: "not the password" } });
expect(wrong.response?.status, 401, "the status of a wrong password");
const session = succeeded(await api.logInUser({ body: login }), "login");
client.setConfig({ auth: session.session_token });
const me = succeeded(await api.getUserByName({ path: { user: "me" } }), "get me");

const name = setting("ORGD_STORY");
const created = succeeded(await api.createOrganization({ body: { name, icon: "/icon/k8s.png" } }), "create");
expect([created.name, created.display_name, created.icon], [name, name, "/icon/k8s.png"], "what was created");
const listed = succeeded(await api.getOrganizations(), "list");
expect(listed.filter((found) => found.id === created.id), [created], "the organization in the list");
const path = { organization: created.id };
expect(succeeded(await api.getOrganizationById({ path }), "get"), created, "get");

const rename = await api.updateOrganization({ path, body: { name: `${name}-2`, description: null } });
const renamed = succeeded(rename, "rename");
expect([renamed.name, renamed.display_name], [`${name}-2`, name], "the new name");

const { error: conflict, response } = await api.createOrganization({ body: { name: `${name}-2` } });
expect(response?.status, 409, "the status of a conflict");
expect(conflict?.message, `Organization already exists with the name "${name}-2".`, "the conflict");
expect(conflict?.validations?.map((broken) => broken.field), ["name"], "the field in conflict");

async function enqueue(tags: Record<string, string>) {
  return succeeded(await api.createProvisionerJob({ path, body: { type: "workspace_build", tags } }), "enqueue");
}
const tagged = await enqueue({ cluster: "eu-1" });
const plain = await enqueue({});
expect([tagged.status, tagged.initiator_id, tagged.tags?.["cluster"]], ["pending", me.id, "eu-1"], "the new job");

async function list(query: NonNullable<GetProvisionerJobsData["query"]>): Promise<string[]> {
  return succeeded(await api.getProvisionerJobs({ path, query }), "list jobs").map(idOf);
}
const ids = [idOf(tagged), idOf(plain)];
const [first, second] = ids;
expect(await list({}), [second, first], "all jobs, newest first");
expect(await list({ limit: 1 }), [second], "the newest job");
expect((await list({ ids })).length, 2, "jobs by two ids");
expect(await list({ status: "running" }), [], "running jobs");
const tags = JSON.stringify({ cluster: "eu-1" });
expect(await list({ limit: 5, ids, status: "pending", tags, initiator: me.id }), [first], "jobs by every filter");

for (const job of ids) succeeded(await api.cancelProvisionerJob({ path: { ...path, job } }), "cancel");
const canceled = succeeded(await api.getProvisionerJob({ path: { ...path, job: idOf(tagged) } }), "get job");
expect(canceled.status, "canceled", "the status of a canceled job");

const deleted = succeeded(await api.deleteOrganization({ path }), "delete");
expect(deleted.message, "Organization has been deleted.", "the deletion");
const gone = await api.getOrganizationById({ path });
expect(gone.response?.status, 404, "the status of what is gone");
expect(gone.error?.message, "Resource not found or you do not have access to this resource", "what is gone");
console.log("The story ends well.");
