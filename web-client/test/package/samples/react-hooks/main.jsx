import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { Client } from "@bluegate/client";
import { BluegateProvider, useClaims, useCoverage, usePatient, useSession } from "@bluegate/client/react";
import { fakeGateway } from "@bluegate/client/testing";

const gateway = fakeGateway({ claims: 25 });
const client = new Client({ ...gateway.options, retry: false });
Object.assign(globalThis, { gateway, client, seen: [] });

function Page() {
  const session = useSession();
  const [type, setType] = useState();
  const claims = useClaims({ type });
  const { value, error, isLoading, reload } = usePatient();
  const coverage = useCoverage();
  globalThis.act = { more: claims.loadMore, reload, setType };
  const now = {
    status: session.status,
    rows: claims.rows.length,
    total: claims.total ?? null,
    hasMore: claims.hasMore,
    loading: claims.isLoading || isLoading || coverage.isLoading,
    failed: [claims.error, error, coverage.error].map((one) => one?.code ?? null),
    born: value?.birthDate ?? null,
    parts: coverage.value?.length ?? null,
  };
  globalThis.seen.push(now);
  globalThis.now = now;
  return null;
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <BluegateProvider client={client}>
      <Page />
    </BluegateProvider>
  </StrictMode>,
);
