import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BluegateError, Client, newestFirst } from "@bluegate/client";
import { BluegateProvider, useClaims, useClient, useCoverage, usePatient, useSession } from "@bluegate/client/react";

const settings = import.meta.env;

// Outside of any component: there is one for the page.
const client = new Client({
  baseUrl: settings.VITE_GATEWAY ?? "http://127.0.0.1:3000",
  clientId: settings.VITE_CLIENT_ID,
  redirectUri: location.origin + location.pathname,
  storage: "session",
});

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <BluegateProvider client={client}>
      <App />
    </BluegateProvider>
  </StrictMode>,
);

function App() {
  const session = useSession();
  switch (session.status) {
    case "loading":
      return <p>One moment…</p>;
    case "signedIn":
      return <Record />;
    case "failed":
      return <Welcome problem={session.error} />;
    case "signedOut":
      return <Welcome />;
  }
}

function Welcome({ problem }: { problem?: unknown }) {
  const client = useClient();
  return (
    <main>
      <h1>My claims</h1>
      {problem !== undefined && <Problem error={problem} />}
      <button onClick={() => client.signIn()}>Sign in with Medicare</button>
    </main>
  );
}

function Record() {
  const client = useClient();
  const patient = usePatient();
  const coverage = useCoverage();
  const name = patient.value?.name;
  return (
    <main>
      <h1>{name ? `Claims of ${name.given?.join(" ")} ${name.family}` : "Claims"}</h1>
      <button onClick={() => client.signOut()}>Sign out</button>
      <h2>Coverage</h2>
      {coverage.error !== undefined && <Problem error={coverage.error} />}
      <ul>
        {coverage.value?.map(({ id, part, status }) => (
          <li key={id}>
            Part {part ?? "unknown"}: {status}
          </li>
        ))}
      </ul>
      <Claims />
    </main>
  );
}

function Claims() {
  const { rows, total, isLoading, hasMore, loadMore, error } = useClaims({ pageSize: 10 });
  return (
    <>
      <h2>
        {rows.length} of {total ?? "…"} claims
      </h2>
      <table>
        <tbody>
          {[...rows].sort(newestFirst).map((row) => (
            <tr key={row.id}>
              <td>{row.end}</td>
              <td>{row.type}</td>
              <td>{row.provider}</td>
              <td>{dollars(row.paid)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {error !== undefined && <Problem error={error} />}
      {hasMore && (
        <button disabled={isLoading} onClick={loadMore}>
          More
        </button>
      )}
    </>
  );
}

function Problem({ error }: { error: unknown }) {
  return <p role="alert">{error instanceof BluegateError ? `${error.code}: ${error.message}` : String(error)}</p>;
}

function dollars(cents: number | undefined) {
  return cents === undefined ? "not known" : (cents / 100).toLocaleString("en-US", { style: "currency", currency: "USD" });
}
