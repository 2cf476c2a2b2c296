import createClient from "openapi-fetch";
import type { paths } from "./schema.d.ts";

const api = createClient<paths>({
  baseUrl: `${process.env["ORGD_URL"]}/api/v2`,
  headers: { "Coder-Session-Token": process.env["ORGD_TOKEN"] },
});

const { data } = await api.GET("/organizations");
for (const organization of data ?? []) console.log(organization.name);
const { data: created } = await api.POST("/organizations", { body: { name: "platform-team" } });
console.log(`Created ${created?.name}.`);
const { error, response } = await api.POST("/organizations", { body: { name: "platform-team" } });
if (error) console.log(`${response.status}: ${error.message}`);
