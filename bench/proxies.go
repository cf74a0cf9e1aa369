package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// startNginx runs nginx as a plain reverse proxy: connections kept on both
// sides, bodies passed on as they come in through buffers of 16 KB, no log.
// Left to itself it would write larger bodies to a file first, which costs it
// more than three times as much; with buffers that hold 200 KB in one piece it
// takes about 40 % less.
func (b *bench) startNginx(ctx context.Context) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf(`daemon off;
user root;
pid %[1]s/nginx.pid;
error_log /dev/null crit;
worker_processes %[2]d;
worker_rlimit_nofile 20000;
events { worker_connections 9000; }
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  client_max_body_size 64m;
  client_body_buffer_size 16k;
  keepalive_requests 100000000;
  keepalive_timeout 300s;
  tcp_nodelay on;
  upstream mock { server %[3]s; keepalive 256; keepalive_requests 100000000; }
  server {
    listen %[4]s backlog=4096;
    location / {
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_read_timeout 300s;
      proxy_request_buffering off;
      proxy_buffering off;
    }
  }
}
`, b.dir, runtime.NumCPU(), b.upstream, address)
	file := filepath.Join(b.dir, "nginx.conf")
	if os.Geteuid() != 0 {
		config = strings.Replace(config, "user root;\n", "", 1)
	}
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	p, _, err := start(ctx, address, b.nginx, []string{"-c", file, "-p", b.dir}, nil)
	return p, err
}

// startGateway runs the gateway as one would in earnest: client key, routing,
// breaker, usage, metrics, and a line of log for each request.
func (b *bench) startGateway(ctx context.Context) (*process, time.Duration, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, 0, err
	}
	admin, err := freeAddress(ctx)
	if err != nil {
		return nil, 0, err
	}
	config := fmt.Sprintf(`version: 1
listen: %s
admin: {listen: %s, token: "${BENCH_ADMIN_TOKEN}"}
providers:
  mock: {kind: openai, base_url: "http://%s/v1", key: "${BENCH_KEY}"}
routes:
  chat:
    chain: [mock/gpt-5.4-mini]
    timeout: {first_token: 30s, idle: 5m, total: 30m}
clients:
  bench: {hash: "sha256:%x"}
`, address, admin, b.upstream, sha256.Sum256([]byte(clientKey)))
	file := filepath.Join(b.dir, "switchgear.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, 0, err
	}
	return start(ctx, address, b.gateway, []string{"serve", "--config", file, "--log", "json"},
		[]string{"BENCH_ADMIN_TOKEN=bench-admin-token-0123456789", "BENCH_KEY=bench-upstream-key"})
}
