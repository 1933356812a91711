"""The other proxies, each with one worker, TLS 1.3 in front and the echo behind it: how they are configured and started."""

import os
import resource
import shutil
from pathlib import Path

PATH = os.environ["PATH"] + ":/usr/sbin"

NGINX = """daemon off; master_process off; worker_processes 1; pid {dir}/nginx.pid; error_log stderr crit; worker_rlimit_nofile {files};
events {{ worker_connections {files}; multi_accept on; }}
http {{ access_log off; tcp_nodelay on; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p;
fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:TLS:20m;
ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
server {{ listen 127.0.0.1:{port} ssl backlog=16384; location / {{ proxy_pass http://127.0.0.1:{backend};
proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
proxy_read_timeout 1h; proxy_send_timeout 1h; }} }} }}
"""
HAPROXY = """global
    nbthread 1
    maxconn {most}
defaults
    mode http
    backlog 4096
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
frontend f
    bind 127.0.0.1:{port} ssl crt {dir}/both.pem alpn {alpn}
    default_backend b
backend b
    server s 127.0.0.1:{backend}
"""
# TLS records of full size from the start, as the others have them.
NGHTTPX = """frontend=127.0.0.1,{port};tls
backend=127.0.0.1,{backend};;proto=http/1.1
private-key-file={dir}/key.pem
certificate-file={dir}/cert.pem
workers=1
backlog=4096
rlimit-nofile={files}
no-ocsp=yes
npn-list={alpn}
tls-dyn-rec-warmup-threshold=0
frontend-read-timeout=1h
frontend-write-timeout=1h
frontend-keep-alive-timeout=1h
frontend-http2-read-timeout=1h
backend-read-timeout=1h
backend-write-timeout=1h
backend-keep-alive-timeout=1h
log-level=ERROR
pid-file={dir}/nghttpx.pid
"""
ENVOY = """static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    tcp_backlog_size: 4096
    filter_chains:
    - transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            alpn_protocols: [{alpn}]
            tls_params: {{tls_maximum_protocol_version: TLSv1_3}}
            tls_certificates:
            - {{certificate_chain: {{filename: {dir}/cert.pem}}, private_key: {{filename: {dir}/key.pem}}}}
      filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ws
          generate_request_id: false
          stream_idle_timeout: 3600s
          request_timeout: 0s
          common_http_protocol_options: {{idle_timeout: 3600s}}
          http2_protocol_options: {{allow_connect: true}}
          upgrade_configs: [{{upgrade_type: websocket}}]
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{prefix: /}}
                route: {{cluster: echo, timeout: 0s, idle_timeout: 3600s}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              dynamic_stats: false
  clusters:
  - name: echo
    type: STATIC
    connect_timeout: 5s
    circuit_breakers:
      thresholds: [{{max_connections: 100000, max_pending_requests: 100000, max_requests: 100000}}]
    load_assignment:
      cluster_name: echo
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {backend}}}}}}}
"""
CADDY = """{{
	admin off
	auto_https off
	persist_config off
	log {{
		output stderr
		level ERROR
	}}
	servers {{
		protocols h1
	}}
}}
:{port} {{
	bind 127.0.0.1
	tls {dir}/cert.pem {dir}/key.pem {{
		alpn http/1.1
	}}
	reverse_proxy 127.0.0.1:{backend} {{
		transport http {{
			versions 1.1
			compression off
		}}
	}}
}}
"""
TEMPLATES = {"nginx": NGINX, "haproxy": HAPROXY, "nghttpx": NGHTTPX, "envoy": ENVOY, "caddy": CADDY}
# Who takes WebSockets as streams of HTTP/2, with this configuration. Envoy takes them too, but asks the backend for an upgrade
# without Sec-WebSocket-Key, which is no upgrade to it.
HTTP2 = ("haproxy", "nghttpx")


def installed(http2: bool = False) -> list[str]:
    """The other proxies that this machine has on its path."""
    return [name for name in (HTTP2 if http2 else TEMPLATES) if shutil.which(name, path=PATH)]


def command(name: str, folder: Path, port: int, backend: int, http2: bool = False) -> list:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    # Envoy tells the syntax by the name.
    file = folder / (f"{name}.yaml" if name == "envoy" else f"{name}.conf")
    alpn = "h2, http/1.1" if http2 else "http/1.1"
    file.write_text(TEMPLATES[name].format(
        dir=folder, port=port, backend=backend, files=files, most=(files - 200) // 2,
        alpn=alpn if name == "envoy" else alpn.replace(" ", "")))
    program = shutil.which(name, path=PATH)
    return {
        "nginx": [program, "-p", folder, "-c", file],
        "haproxy": [program, "-db", "-f", file],
        "nghttpx": [program, f"--conf={file}"],
        "envoy": [program, "-c", file, "--concurrency", "1", "--disable-hot-restart", "-l", "error"],
        "caddy": ["env", "GOMAXPROCS=1", "XDG_DATA_HOME=" + str(folder), program, "run", "--adapter", "caddyfile",
                  "--config", file],
    }[name]
