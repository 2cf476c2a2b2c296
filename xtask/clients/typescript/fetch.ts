// The story, told by openapi-fetch with the types of openapi-typescript.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.d.ts";
import { expect, idOf, setting, succeeded } from "./expect.ts";

type Job = components["schemas"]["codersdk.ProvisionerJob"];

const api = createClient<paths>({
  baseUrl: setting("ORGD_API"),
  // The document says `explode: false`; this library does not read it and has to be told. The server takes both forms.
  querySerializer: { array: { style: "form", explode: false } },
});

const login = { email: setting("ORGD_EMAIL"), password: setting("ORGD_PASSWORD") };
const wrong = await api.POST("/users/login", { body: { ...login, password: "not the password" } });
expect(wrong.response.status, 401, "the status of a wrong password");
const session = succeeded(await api.POST("/users/login", { body: login }), "login");
api.use({
  onRequest({ request }) {
    request.headers.set("Coder-Session-Token", session.session_token);
  },
});
const me = succeeded(await api.GET("/users/{user}", { params: { path: { user: "me" } } }), "get me");

const name = setting("ORGD_STORY");
const created = succeeded(await api.POST("/organizations", { body: { name, icon: "/icon/k8s.png" } }), "create");
expect([created.name, created.display_name, created.icon], [name, name, "/icon/k8s.png"], "what was created");
const listed = succeeded(await api.GET("/organizations"), "list");
expect(listed.filter((found) => found.id === created.id), [created], "the organization in the list");
const path = { organization: created.id };
expect(succeeded(await api.GET("/organizations/{organization}", { params: { path } }), "get"), created, "get");

const renamed = succeeded(
  // Null means "leave it", as an absent key does.
  await api.PATCH("/organizations/{organization}", { params: { path }, body: { name: `${name}-2`, description: null } }),
  "rename",
);
expect([renamed.name, renamed.display_name], [`${name}-2`, name], "the new name");

const { error: conflict, response } = await api.POST("/organizations", { body: { name: `${name}-2` } });
expect(response.status, 409, "the status of a conflict");
expect(conflict?.message, `Organization already exists with the name "${name}-2".`, "the conflict");
expect(conflict?.validations?.map((broken) => broken.field), ["name"], "the field in conflict");

const jobs = "/organizations/{organization}/provisionerjobs";
async function enqueue(tags: Record<string, string>): Promise<Job> {
  return succeeded(await api.POST(jobs, { params: { path }, body: { type: "workspace_build", tags } }), "enqueue");
}
const tagged = await enqueue({ cluster: "eu-1" });
const plain = await enqueue({});
expect([tagged.status, tagged.initiator_id, tagged.tags?.["cluster"]], ["pending", me.id, "eu-1"], "the new job");

type Filter = NonNullable<paths[typeof jobs]["get"]["parameters"]["query"]>;
async function list(query: Filter): Promise<string[]> {
  return succeeded(await api.GET(jobs, { params: { path, query } }), "list jobs").map(idOf);
}
const ids = [idOf(tagged), idOf(plain)];
const [first, second] = ids;
expect(await list({}), [second, first], "all jobs, newest first");
expect(await list({ limit: 1 }), [second], "the newest job");
expect((await list({ ids })).length, 2, "jobs by two ids");
expect(await list({ status: "running" }), [], "running jobs");
const tags = JSON.stringify({ cluster: "eu-1" });
expect(await list({ limit: 5, ids, status: "pending", tags, initiator: me.id }), [first], "jobs by every filter");

const cancel = "/organizations/{organization}/provisionerjobs/{job}/cancel";
for (const job of ids) succeeded(await api.PATCH(cancel, { params: { path: { ...path, job } } }), "cancel");
const one = `${jobs}/{job}` as const;
const canceled = succeeded(await api.GET(one, { params: { path: { ...path, job: idOf(tagged) } } }), "get job");
expect(canceled.status, "canceled", "the status of a canceled job");

const deleted = succeeded(await api.DELETE("/organizations/{organization}", { params: { path } }), "delete");
expect(deleted.message, "Organization has been deleted.", "the deletion");
const gone = await api.GET("/organizations/{organization}", { params: { path } });
expect(gone.response.status, 404, "the status of what is gone");
expect(gone.error?.message, "Resource not found or you do not have access to this resource", "what is gone");
console.log("The story ends well.");
