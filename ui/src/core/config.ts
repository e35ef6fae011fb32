/** The configuration of the stage: `/config.json`, written by the deployment. */
import { ApiError } from "./api/errors";

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
  /** Whether the inspector is available. */
  readonly inspector: boolean;
  /** The inspector's API on a local stage; null on AWS, where `console` has links instead. */
  readonly inspectorApi: string | null;
  /** Served by `parley inspect`: the inspector alone, without the chat and its sign-in. */
  readonly operator: boolean;
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch("/config.json").catch(() => null);
  if (!response)
    throw new ApiError("UNREACHABLE", "The server cannot be reached. Check your connection and try again.");
  if (!response.ok) {
    throw new ApiError(
      "INTERNAL",
      `The configuration of this stage cannot be loaded (HTTP ${response.status}).`,
    );
  }
  const config = (await response.json()) as Partial<Config>;
  for (const field of ["apiUrl", "websocketUrl", "auth"] as const) {
    if (!config[field] && !config.operator)
      throw new ApiError("INTERNAL", `The configuration of this stage lacks "${field}".`);
  }
  const absent = {
    stage: "",
    region: "",
    console: {},
    inspector: false,
    inspectorApi: null,
    operator: false,
  };
  return { ...absent, ...config } as Config;
}
