// Fills the server through its API: organizations, workers that work, and jobs that wait for all kinds of reasons.

/** What must be shown as it is written and never take effect. */
export const MARKUP = '<img src=x onerror="window.wasRun=1">';

/** The API for the driver. */
export class Server {
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  async call(method, path, body) {
    const answer = await fetch(`${this.url}/api/v2/organizations${path}`, {
      method,
      headers: { "Coder-Session-Token": this.token, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  queue(organization, name, tags = {}, more = {}) {
    const metadata = { template_name: name, template_display_name: name, ...more.metadata };
    const input = { workspace_build_id: "badaf2eb-96c5-4050-9f1d-db2d39ca5478" };
    return this.call("POST", `/${organization}/provisionerjobs`, { type: "workspace_build", input, tags, ...more, metadata });
  }

  job(organization, id) {
    return this.call("GET", `/${organization}/provisionerjobs/${id}`);
  }

  async worker(organization, name, tags) {
    const worker = await this.call("POST", `/${organization}/provisionerdaemons`, { name, tags, provisioners: ["terraform"], version: "v0.1.0" });
    return { organization, id: worker.id };
  }

  async acquire({ organization, id }) {
    const answer = await this.call("POST", `/${organization}/provisionerdaemons/${id}/acquire`, { wait_seconds: 5 });
    return answer.job;
  }

  /** What a worker reports of the job that it acquired: `progress`, `complete` or `fail`. */
  report({ organization, id }, acquired, what, body = {}) {
    const path = `/${organization}/provisionerdaemons/${id}/jobs/${acquired.job.id}/${what}`;
    return this.call("POST", path, { attempt: acquired.attempt, ...body });
  }
}

/** Keeps workers and their jobs alive, however long the checks take. Answers how to stop. */
export function keepAlive(server, workers, running) {
  const beat = () =>
    Promise.all([
      ...workers.map(({ organization, id }) => server.call("POST", `/${organization}/provisionerdaemons/${id}/heartbeat`)),
      ...running.map(([worker, acquired]) => server.report(worker, acquired, "progress")),
    ]);
  const timer = setInterval(() => beat().catch((error) => console.error(error)), 20_000);
  return () => clearInterval(timer);
}

/** Everything that the checks look at. */
export async function fill(server) {
  await server.call("POST", "", { name: "research", display_name: "Research" });
  await server.queue("coder", "Lonely");
  const plain = await server.worker("research", "plain", {});
  const eu = await server.worker("research", "eu-1", { cluster: "eu", disk: "ssd" });
  const spare = await server.worker("research", "spare", { disk: "hdd" });

  await server.queue("research", "Ended well");
  await server.report(plain, await server.acquire(plain), "complete");
  await server.queue("research", "Ended badly");
  await server.report(plain, await server.acquire(plain), "fail", { error: `exit status 1: ${MARKUP}` });
  await server.queue("research", "Kubernetes", {}, { metadata: { workspace_name: "dev" } });
  const kubernetes = await server.acquire(plain);
  await server.queue("research", "Talkative", { cluster: "eu" });
  const talkative = await server.acquire(eu);
  await server.report(eu, talkative, "progress", {
    logs: [
      { level: "info", stage: "Planning", output: "Terraform 1.9.0" },
      { level: "error", stage: "Applying", output: `\u001b[31m${MARKUP}\u001b[0m` },
    ],
  });

  await server.queue("research", "Untagged");
  for (const name of ["First", "Second", "Third"]) await server.queue("research", name, { cluster: "eu" });
  for (const name of ["Notebook A", "Notebook B"]) await server.queue("research", name, { gpu: "yes" });
  await server.queue("research", "Other program", { disk: "hdd" }, { provisioner: "echo" });
  await server.queue("research", MARKUP, { "<b>zone</b>": MARKUP });
  const stop = keepAlive(server, [plain, eu, spare], [[plain, kubernetes], [eu, talkative]]);
  return { eu, talkative, stop };
}
