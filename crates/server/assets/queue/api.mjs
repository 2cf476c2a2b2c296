// Owns the requests: the public API of this server, with the session token in its header and nothing else.

/** Where the API is, seen from this file. A server behind a path of a proxy is found, too. */
const API = new URL("../api/v2/", import.meta.url);
/** Milliseconds after which an answer is no longer waited for. */
const PATIENCE = 15_000;

/** A request that did not end well. `status` is 0 when there was no answer at all. */
export class ApiError extends Error {
  constructor(message, status, retryAfter = 0) {
    super(message);
    this.status = status;
    /** Milliseconds that the server asks to wait. */
    this.retryAfter = retryAfter;
  }
}

/** Whether a text can be a session token; others cannot even be sent in a header. */
export function looksLikeToken(text) {
  return /^[A-Za-z0-9]+-[A-Za-z0-9]+$/.test(text);
}

/** The API for the holder of one token. */
export class Api {
  #token;
  /** How far the server's clock is ahead of this one, in milliseconds. */
  ahead = 0;

  constructor(token) {
    this.#token = token;
  }

  /** The server's time. */
  now() {
    return Date.now() + this.ahead;
  }

  organizations(signal) {
    return this.#send("GET", "organizations", {}, signal);
  }

  jobs(organization, filters, signal) {
    return this.#send("GET", `organizations/${organization}/provisionerjobs`, filters, signal);
  }

  workers(organization, signal) {
    const filters = { offline: "true", limit: "1000" };
    return this.#send("GET", `organizations/${organization}/provisionerdaemons`, filters, signal);
  }

  /** The log lines after the one of this id. */
  logs(organization, job, after, signal) {
    return this.#send("GET", `organizations/${organization}/provisionerjobs/${job}/logs`, { after }, signal);
  }

  cancel(organization, job) {
    return this.#send("PATCH", `organizations/${organization}/provisionerjobs/${job}/cancel`, {});
  }

  async #send(method, path, query, signal) {
    const url = new URL(path, API);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const limits = [AbortSignal.timeout(PATIENCE), signal].filter((limit) => limit !== undefined);
    const began = Date.now();
    let answer;
    let body;
    try {
      answer = await fetch(url, {
        method,
        headers: { "Coder-Session-Token": this.#token, Accept: "application/json" },
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.any(limits),
      });
      this.#readClock(answer, began);
      body = await answer.json().catch(() => null);
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError("The server does not answer.", 0);
    }
    if (answer.ok) return body;
    const detail = body?.validations?.map((field) => `${field.field} ${field.detail}`).join("; ") || body?.detail;
    const message = [body?.message ?? `The server answered ${answer.status}.`, detail].filter(Boolean).join(" ");
    throw new ApiError(message, answer.status, 1000 * (Number(answer.headers.get("Retry-After")) || 0));
  }

  /** The header has whole seconds, so smaller differences are none. */
  #readClock(answer, began) {
    const server = Date.parse(answer.headers.get("Date") ?? "");
    if (Number.isNaN(server)) return;
    const here = (began + Date.now()) / 2;
    const ahead = server + 500 - here;
    this.ahead = Math.abs(ahead) < 1500 ? 0 : ahead;
  }
}
