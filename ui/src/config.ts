/** What the stage says of itself: `/config.json`, written when the stage is deployed. */

export interface Config {
  readonly stage: string;
  readonly region: string;
  readonly apiUrl: string;
  readonly websocketUrl: string;
  readonly auth: {
    readonly authority: string;
    readonly clientId: string;
    readonly scopes: string;
    readonly authorizationEndpoint: string;
    readonly tokenEndpoint: string;
    readonly revocationEndpoint: string;
    readonly signOutUrl: string;
  };
  readonly console: Readonly<Record<string, string>>;
  readonly inspector: boolean;
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch("/config.json", { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`The settings of this stage cannot be read (HTTP ${response.status}).`);
  const config = (await response.json()) as Partial<Config>;
  for (const field of ["apiUrl", "websocketUrl", "auth"] as const) {
    if (!config[field]) throw new Error(`The settings of this stage lack "${field}".`);
  }
  return { stage: "", region: "", console: {}, inspector: false, ...config } as Config;
}
