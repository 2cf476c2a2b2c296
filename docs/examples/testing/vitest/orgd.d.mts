// The types of orgd.mjs.
export interface Answer {
  status: number;
  /** The JSON of the answer; null where it has no body. */
  body: any;
}

export interface Orgd {
  url: string;
  token: string;
  user: string;
  state: string;
  control_url: string;
  pid: number;
  /** Asks the API, as the owner. The path begins after `/api/v2`. */
  api(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Asks a control route. The path begins after `/_test`. Rejects when it is refused. */
  control(method: string, path: string, body?: unknown): Promise<Answer>;
  stop(): void;
}

/** Starts a server with these flags of `orgd serve` besides `--ephemeral` and `--control`. */
export function startOrgd(...flags: string[]): Promise<Orgd>;
