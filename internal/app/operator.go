package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/admin"
)

// Operator talks to the admin port of a gateway that runs.
type Operator struct {
	base  string
	token switchgear.Secret
}

// Door says which gateway an operator means, where it does not go without
// saying.
type Door struct {
	Source Source // the configuration it runs with, for the token it gives
	Admin  string // http://host:port; "" looks for a gateway of this user on this machine
	Token  string // a file that holds the token; "" looks beside the address, then in the configuration
}

// The environment variables that stand for a Door's fields.
const (
	EnvAdmin      = "SWITCHGEAR_ADMIN"
	EnvAdminToken = "SWITCHGEAR_ADMIN_TOKEN"
)

// answerTime is how long an admin port may take to answer.
const answerTime = 10 * time.Second

// Open finds the gateway and the token for it.
func (d Door) Open(ctx context.Context) (*Operator, error) {
	base, beside := d.Admin, ""
	if base == "" {
		base = os.Getenv(EnvAdmin)
	}
	if base == "" {
		found, err := running(ctx)
		if err != nil {
			return nil, err
		}
		base, beside = found.base, found.token
	}
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	token, err := d.token(beside)
	if err != nil {
		return nil, err
	}
	return &Operator{base: strings.TrimRight(base, "/"), token: token}, nil
}

func (d Door) token(beside string) (switchgear.Secret, error) {
	for _, file := range []string{d.Token, beside} {
		if file == "" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return switchgear.Secret{}, fmt.Errorf("cannot read the admin token: %w", err)
		}
		return switchgear.NewSecret(strings.TrimSpace(string(text))), nil
	}
	if text := os.Getenv(EnvAdminToken); text != "" {
		return switchgear.NewSecret(text), nil
	}
	source := d.Source
	source.Bare, source.Ungated = true, true // the token is all that is wanted of it
	if loaded, err := source.Load(); err == nil && !loaded.Config.Admin.Token.IsZero() {
		return loaded.Config.Admin.Token, nil
	}
	return switchgear.Secret{}, errors.New("the gateway's admin token is not known. Name the file it is in with --token-file, or set " + EnvAdminToken)
}

// found is a gateway that runs on this machine.
type found struct{ base, token string }

// running looks for the one gateway of this user on this machine.
func running(ctx context.Context) (found, error) {
	dir, err := stateDir()
	if err != nil {
		return found{}, err
	}
	files, err := filepath.Glob(filepath.Join(dir, addressFile+"*"))
	if err != nil {
		return found{}, err
	}
	var alive []found
	for _, file := range files {
		// A gateway that was killed leaves its file behind, and whoever takes its port
		// then must not be sent the token.
		number := strings.TrimPrefix(filepath.Base(file), addressFile)
		if pid, err := strconv.Atoi(number); err != nil || pid <= 0 || !runs(pid) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		f := found{base: strings.TrimSpace(string(text))}
		token := filepath.Join(dir, tokenFile+number)
		if _, err := os.Stat(token); err == nil {
			f.token = token
		}
		if answers(ctx, f.base) {
			alive = append(alive, f)
		}
	}
	switch len(alive) {
	case 0:
		return found{}, errors.New("no gateway of yours runs on this machine. Start one with switchgear serve, or name its admin address with --admin")
	case 1:
		return alive[0], nil
	default:
		bases := make([]string, len(alive))
		for i := range alive {
			bases[i] = alive[i].base
		}
		return found{}, fmt.Errorf("several gateways run on this machine: say which with --admin: %s", strings.Join(bases, ", "))
	}
}

// answers reports whether something that may be a gateway is there.
func answers(ctx context.Context, base string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Status asks for the state of the gateway.
func (o *Operator) Status(ctx context.Context) (*admin.Status, error) {
	return o.send(ctx, http.MethodGet, "/status", nil)
}

// Order gives an order about a circuit.
func (o *Operator) Order(ctx context.Context, order admin.Order) (*admin.Status, error) {
	body, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	return o.send(ctx, http.MethodPost, "/circuit/"+order.Verb, body)
}

// Reload makes the gateway load its configuration again.
func (o *Operator) Reload(ctx context.Context) (*admin.Status, error) {
	return o.send(ctx, http.MethodPost, "/reload", nil)
}

func (o *Operator) send(ctx context.Context, method, path string, body []byte) (*admin.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, o.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s is not the address of an admin port: write http://host:port", o.base)
	}
	r.Header.Set("Authorization", "Bearer "+o.token.Reveal())
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, fmt.Errorf("the admin port at %s does not answer: %w", o.base, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return nil, fmt.Errorf("the admin port at %s broke off: %w", o.base, err)
	}
	if resp.StatusCode != http.StatusOK {
		var refusal struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(text, &refusal) != nil || refusal.Error == "" {
			refusal.Error = "the admin port answers " + resp.Status
		}
		return nil, errors.New(refusal.Error)
	}
	var s admin.Status
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("what answers at %s is no admin port of this version", o.base)
	}
	return &s, nil
}
