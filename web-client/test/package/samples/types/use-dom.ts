// Where the DOM's types are known, the package's are those.
import { Client, type Fetch, type Signal, type Url } from "@bluegate/client";
import { init } from "@bluegate/client/fhir";

const retrying: Fetch = async (input, request) => {
  const response: Response = await fetch(input, request);
  return response.ok ? response : fetch(input, request);
};
const client = new Client({ baseUrl: "", clientId: "", redirectUri: "", storage: "session", fetch: retrying });

export async function use(signal: AbortSignal, module: WebAssembly.Module): Promise<URL> {
  const same: Signal = signal;
  await client.patient({ signal: same });
  await init(module);
  await init(new URL("https://app.example/fhir.wasm"));
  await client.handleCallback(new URL(location.href), { signal });
  const url: Url = await client.authorizationUrl({ signal });
  const tab = window.open();
  if (tab !== null) await client.signIn({ target: tab });
  await client.signIn({ target: "_top" });
  return url;
}

// @ts-expect-error: a signal is no boolean
void client.patient({ signal: true });
