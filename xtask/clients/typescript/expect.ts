// What the stories in TypeScript share: where they are told, and how a wrong answer ends them.

import { isDeepStrictEqual } from "node:util";

/** A setting that `cargo xtask client` makes. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set; run this with: cargo xtask client typescript`);
  return value;
}

/** Ends the story when the two differ. */
export function expect(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
  }
}

/** What a call answers when it succeeds; its refusal ends the story. */
export function succeeded<T>(answer: { data?: T; error?: unknown; response?: Response | undefined }, what: string): T {
  if (answer.data === undefined) {
    throw new Error(`${what}: status ${answer.response?.status}: ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

/** The ID of a job. Most keys of a job are optional in the document, as they are in Coder's; the server sends them. */
export function idOf(job: { id?: string }): string {
  if (job.id === undefined) throw new Error(`a job has no ID: ${JSON.stringify(job)}`);
  return job.id;
}
