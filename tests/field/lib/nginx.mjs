// nginx: what ends TLS for the gateway, and what asks for a client certificate before the claims backend.
import fs from "node:fs";
import path from "node:path";

import { start } from "./processes.mjs";

/** Starts it with these `server` blocks; `port` is one of theirs. */
export function startNginx({ dir, log, port, http }) {
  fs.mkdirSync(dir, { recursive: true });
  const file = path.join(dir, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${dir}/${kind};`);
  fs.writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${dir}/nginx.pid; error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off; gzip off; ${temporary.join(" ")}
${http}
}
`,
  );
  const program = process.env.BLUEGATE_NGINX ?? "nginx";
  return start(program, ["-c", file, "-p", dir, "-e", "stderr"], { log, ready: { port } });
}

/** The public side: TLS and HTTP/2 for browsers, several gateways in turn, requests passed on as they arrive. */
export const front = ({ port, tls, gateways }) => `
  upstream gateways { ${gateways.map((gateway) => `server 127.0.0.1:${gateway};`).join(" ")} keepalive 16; }
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key};
    location / {
      proxy_pass http://gateways;
      proxy_http_version 1.1; proxy_request_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Forwarded "for=$remote_addr;proto=https";
    }
  }`;

/**
 * The claims backend's side: nobody without a certificate, and no body without its length, as of servers that read by
 * `Content-Length` alone.
 */
export const claimsFront = ({ port, tls, clients, sandbox }) => `
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key};
    ssl_client_certificate ${clients}; ssl_verify_client on;
    if ($http_transfer_encoding) { return 411; }
    location / {
      proxy_pass http://127.0.0.1:${sandbox}/sandbox/claims/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }`;
