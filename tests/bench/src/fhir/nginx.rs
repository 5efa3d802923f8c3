//! nginx beside the gateway: one worker that proxies the same origin and compresses.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Compression levels that are measured.
pub(crate) const LEVELS: [u8; 2] = [1, 6];

/// A running nginx; it ends when this is dropped.
pub(crate) struct Nginx {
    child: Child,
    /// One address for each of [`LEVELS`].
    pub(crate) addresses: [String; 2],
    /// What it says of itself.
    pub(crate) version: String,
}

impl Nginx {
    /// Starts it with everything that it writes in `folder`.
    pub(crate) fn start(origin: &str, folder: &Path) -> io::Result<Self> {
        let program = program();
        let said = Command::new(&program).arg("-v").output()?;
        let addresses = [free_address()?, free_address()?];
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration(origin, &addresses, folder))?;
        let child = Command::new(&program)
            .arg("-c")
            .arg(&file)
            .arg("-p")
            .arg(folder)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let nginx = Self {
            child,
            addresses,
            version: String::from_utf8_lossy(&said.stderr).trim().to_owned(),
        };
        for address in &nginx.addresses {
            wait_for(address)?;
        }
        Ok(nginx)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until somebody listens.
pub(crate) fn wait_for(address: &str) -> io::Result<()> {
    for _ in 0..400 {
        if TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    Err(io::Error::other(format!("nobody listens on {address}")))
}

pub(crate) fn free_address() -> io::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// `cargo xtask bench fhir` says where it is.
fn program() -> PathBuf {
    std::env::var_os("BLUEGATE_NGINX").map_or_else(|| "nginx".into(), PathBuf::from)
}

/// Without a master, so that the one process is the worker. Kept connections to the origin, and buffers that
/// hold a whole answer: without them it would write to disk.
fn configuration(origin: &str, addresses: &[String; 2], folder: &Path) -> String {
    let folder = folder.display();
    let servers: String = LEVELS
        .iter()
        .zip(addresses)
        .map(|(level, address)| {
            format!(
                "  server {{ listen {address}; gzip_comp_level {level}; location / {{ proxy_pass http://origin; }} }}\n"
            )
        })
        .collect();
    format!(
        "daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n\
         \x20 access_log off; keepalive_requests 1000000; tcp_nodelay on;\n\
         \x20 client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;\n\
         \x20 uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
         \x20 gzip on; gzip_types application/fhir+json; gzip_min_length 1024; gzip_proxied any; gzip_vary on;\n\
         \x20 upstream origin {{ server {origin}; keepalive 64; keepalive_requests 1000000; }}\n\
         \x20 proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Accept-Encoding \"\";\n\
         \x20 proxy_buffer_size 16k; proxy_buffers 32 16k; proxy_busy_buffers_size 64k; proxy_max_temp_file_size 0;\n\
         {servers}}}\n"
    )
}
