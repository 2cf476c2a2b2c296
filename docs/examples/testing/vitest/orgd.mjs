// An orgd for the tests of a file. Set ORGD to the binary where it is not on the path.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export async function startOrgd(...flags) {
  const all = ["serve", "--ephemeral", "--exit-with-stdin", "--control", "127.0.0.1:0", ...flags];
  const child = spawn(process.env.ORGD ?? "orgd", all, { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`orgd ended with ${code}`)));
    createInterface(child.stdout).once("line", (line) => resolve([line]));
  });
  const ready = JSON.parse(line); // url, token, user, control_url
  const call = async (method, url, body, headers = {}) => {
    const answer = await fetch(url, {
      method,
      headers: { "Content-Type": "application/json", ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null };
  };
  return {
    ...ready,
    api: (method, path, body) => call(method, `${ready.url}/api/v2${path}`, body, { "Coder-Session-Token": ready.token }),
    // A test whose control route refuses would test something else.
    control: async (method, path, body) => {
      const answer = await call(method, `${ready.control_url}/_test${path}`, body);
      if (answer.status >= 400) {
        throw new Error(`${method} /_test${path}: status ${answer.status}: ${JSON.stringify(answer.body)}`);
      }
      return answer;
    },
    stop: () => child.stdin.end(),
  };
}
