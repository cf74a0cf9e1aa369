package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"switchgear": main})
}

// TestScript runs testdata/script. Beside testscript's own commands there are:
//
//	start NAME ARGS...   runs switchgear ARGS in the background and waits until it listens; sets $NAME to its
//	                     address, $NAME_ADMIN to its admin address
//	ask [-kill NAME] METHOD URL [BODY] [header:value...]   sends a request and prints status, headers and body; with
//	                     -kill, a process dies as soon as the first bytes of the body are there
//	try COMMAND ARGS...  is exec, whatever the exit code
//	traffic URL FILE     sends each line of a file as the body of a request, and wants an answer to each
//	flood N URL BODY     sends N requests one after the other, each with its number for the % in BODY, and prints how
//	                     often each status and each x-switchgear-served-by came
//	launch NAME ARGS...  runs switchgear ARGS in the background
//	lines NAME FILE      sets $NAME to the number of whole lines of a file
//	paid STORED TOTAL    checks that the run on stdout paid for what was not stored, and for nothing else
//	signal NAME TERM|INT|KILL|HUP
//	finish NAME          waits for the process to end and prints what it wrote
//	until NAME TEXT      waits until the process has written a line that holds TEXT
//	receive NAME STATUS  listens for alerts and answers with STATUS (0: never); sets $NAME to its address
//	heard NAME TEXT      waits until it got an alert that holds TEXT, and prints all it got
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_RUNTIME_DIR", filepath.Join(env.WorkDir, "run"))
			env.Setenv("NO_COLOR", "1")
			env.Values["processes"] = map[string]*process{}
			env.Values["hooks"] = map[string]*hook{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": cmdStart, "ask": cmdAsk, "signal": cmdSignal, "finish": cmdWait, "until": cmdUntil,
			"receive": cmdReceive, "heard": cmdHeard, "launch": cmdLaunch, "try": cmdTry, "lines": cmdLines, "traffic": cmdTraffic, "paid": cmdPaid, "flood": cmdFlood,
		},
	})
}

// process is a switchgear that runs in the background of a script.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	mu   sync.Mutex
	text strings.Builder
	grew chan struct{}
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.Write(b)
	select {
	case p.grew <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (p *process) written() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// await waits until the process has written something.
func (p *process) await(pattern *regexp.Regexp) ([]string, error) {
	deadline := time.After(30 * time.Second)
	for {
		if m := pattern.FindStringSubmatch(p.written()); m != nil {
			return m, nil
		}
		select {
		case <-p.grew:
		case <-p.done:
			if m := pattern.FindStringSubmatch(p.written()); m != nil {
				return m, nil
			}
			return nil, fmt.Errorf("the process ended without writing %s:\n%s", pattern, p.written())
		case <-deadline:
			return nil, fmt.Errorf("30 s passed without %s:\n%s", pattern, p.written())
		}
	}
}

func processes(ts *testscript.TestScript) map[string]*process {
	return ts.Value("processes").(map[string]*process)
}

func find(ts *testscript.TestScript, name string) *process {
	p, ok := processes(ts)[name]
	if !ok {
		ts.Fatalf("no process %s was started", name)
	}
	return p
}

var (
	listening = regexp.MustCompile(`(?m)^listening on (http://\S+)$`)
	adminLine = regexp.MustCompile(`(?m)^admin on (http://\S+)`)
)

// launch starts a switchgear of a script.
func launch(ts *testscript.TestScript, args []string) *process {
	path, err := exec.LookPath("switchgear")
	ts.Check(err)
	p := &process{cmd: exec.Command(path, args[1:]...), done: make(chan struct{}), grew: make(chan struct{}, 1)}
	p.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "XDG_RUNTIME_DIR", "NO_COLOR", "TERM", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "SWITCHGEAR_CONFIG", "SIM", "SIM2", "KEY", "HOOK", "HOOK_SECRET", "PAGER", "PD_ROUTING_KEY", "SWITCHGEAR_INSTANCE"} {
		if v := ts.Getenv(name); v != "" {
			p.cmd.Env = append(p.cmd.Env, name+"="+v)
		}
	}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	ts.Check(p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	ts.Defer(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
	})
	processes(ts)[args[0]] = p
	return p
}

func cmdLaunch(ts *testscript.TestScript, neg bool, args []string) { launch(ts, args) }

func cmdTry(ts *testscript.TestScript, neg bool, args []string) {
	var exit *exec.ExitError
	if err := ts.Exec(args[0], args[1:]...); err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
}

func cmdLines(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv(args[0], strconv.Itoa(strings.Count(ts.ReadFile(args[1]), "\n")))
}

// cmdPaid reads a run as JSON from stdout.
func cmdPaid(ts *testscript.TestScript, neg bool, args []string) {
	type party struct {
		Asked int `json:"asked"`
	}
	var run struct {
		Incumbent party `json:"incumbent"`
		Candidate party `json:"candidate"`
		Missing   []any `json:"missing"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &run))
	stored, err := strconv.Atoi(args[0])
	ts.Check(err)
	total, err := strconv.Atoi(args[1])
	ts.Check(err)
	if asked := run.Incumbent.Asked + run.Candidate.Asked; asked != total-stored || len(run.Missing) > 0 {
		ts.Fatalf("%d answers were stored, %d paid for after that, %d missing; there are %d in all", stored, asked, len(run.Missing), total)
	}
}

func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	name := args[0]
	p := launch(ts, args)
	m, err := p.await(listening)
	ts.Check(err)
	ts.Setenv(name, m[1])
	if m := adminLine.FindStringSubmatch(p.written()); m != nil {
		ts.Setenv(name+"_ADMIN", m[1])
	}
}

func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL, "HUP": syscall.SIGHUP}
	ts.Check(find(ts, args[0]).cmd.Process.Signal(signals[args[1]]))
}

func cmdWait(ts *testscript.TestScript, neg bool, args []string) {
	p := find(ts, args[0])
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		ts.Fatalf("%s did not end within 30 s:\n%s", args[0], p.written())
	}
	fmt.Fprint(ts.Stdout(), p.written())
	fmt.Fprintf(ts.Stdout(), "exit %d\n", p.cmd.ProcessState.ExitCode())
}

func cmdUntil(ts *testscript.TestScript, neg bool, args []string) {
	_, err := find(ts, args[0]).await(regexp.MustCompile(regexp.QuoteMeta(strings.Join(args[1:], " "))))
	ts.Check(err)
}

// cmdAsk sends one request. Bodies that begin with @ are files.
func cmdAsk(ts *testscript.TestScript, neg bool, args []string) {
	var victim *process
	if args[0] == "-kill" {
		victim, args = find(ts, args[1]), args[2:]
	}
	method, url := args[0], args[1]
	var body io.Reader
	rest := args[2:]
	if len(rest) > 0 && !isHeader(rest[0]) {
		text := rest[0]
		if file, ok := strings.CutPrefix(text, "@"); ok {
			text = ts.ReadFile(file)
		}
		body, rest = strings.NewReader(text), rest[1:]
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	for _, h := range rest {
		name, value, _ := strings.Cut(h, ":")
		req.Header.Set(name, value)
		if strings.EqualFold(name, "host") {
			req.Host = value
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	ts.Check(err)
	defer resp.Body.Close()
	out := bufio.NewWriter(ts.Stdout())
	defer out.Flush()
	fmt.Fprintln(out, resp.Status)
	var names []string
	for name := range resp.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(out, "%s: %s\n", strings.ToLower(name), strings.Join(resp.Header[name], ", "))
	}
	fmt.Fprintln(out)
	if victim != nil {
		first := make([]byte, 4096)
		n, err := resp.Body.Read(first)
		ts.Check(err)
		_, _ = out.Write(first[:n])
		ts.Check(victim.cmd.Process.Kill())
	}
	if _, err := io.Copy(out, resp.Body); err != nil {
		fmt.Fprintf(out, "\nBROKEN OFF: %v\n", err)
	}
	fmt.Fprintln(out)
}

// cmdFlood sends many requests.
func cmdFlood(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	seen := map[string]int{}
	for i := range n {
		body := strings.ReplaceAll(args[2], "%", strconv.Itoa(i))
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, args[1], strings.NewReader(body))
		ts.Check(err)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultTransport.RoundTrip(req)
		ts.Check(err)
		_, err = io.Copy(io.Discard, resp.Body)
		ts.Check(err)
		resp.Body.Close()
		seen["status "+strconv.Itoa(resp.StatusCode)]++
		seen["served by "+resp.Header.Get("X-Switchgear-Served-By")]++
	}
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		fmt.Fprintf(ts.Stdout(), "%s: %d\n", what, seen[what])
	}
}

func isHeader(s string) bool { return regexp.MustCompile(`^[a-zA-Z-]+:`).MatchString(s) }
