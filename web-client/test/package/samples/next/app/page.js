import { check } from "../check.js";
import Client from "./client.js";

// Rendered on the server for each request.
export const dynamic = "force-dynamic";

export default async function Page() {
  return (
    <>
      <pre id="server">{JSON.stringify(await check())}</pre>
      <Client />
    </>
  );
}
