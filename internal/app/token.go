package app

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/switchgear-dev/switchgear"
)

// The files of a gateway that runs, in its user's state folder; the number of
// the process follows.
const (
	addressFile = "admin-address-"
	tokenFile   = "admin-token-"
)

// leaveAddress lets the operator's commands find this gateway. It returns what
// takes the file away again.
func leaveAddress(address string) (remove func(), err error) {
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, addressFile+strconv.Itoa(os.Getpid()))
	if err := os.WriteFile(file, []byte("http://"+address+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("cannot leave the admin address for the operator's commands: %w", err)
	}
	return func() { _ = os.Remove(file) }, nil
}

// adminToken takes the configuration's token or makes one, and says where a
// made one is kept: in a file only its owner can read, new at every start.
func (p *process) adminToken() (file string, err error) {
	p.token = p.loaded.Config.Admin.Token
	if !p.token.IsZero() {
		return "", nil
	}
	token := rand.Text()
	p.token = switchgear.NewSecret(token)
	dir, err := stateDir()
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, tokenFile+strconv.Itoa(os.Getpid()))
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("cannot keep the admin token: %w", err)
	}
	return file, nil
}

// stateDir is a folder of this user's that nobody else can enter. In a folder of
// somebody else's, that one would say where the files in it lead.
func stateDir() (string, error) {
	base := os.Getenv("XDG_RUNTIME_DIR")
	if base == "" {
		base = filepath.Join(os.TempDir(), fmt.Sprintf("switchgear-%d", os.Getuid()))
	} else {
		base = filepath.Join(base, "switchgear")
	}
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", fmt.Errorf("cannot make a folder for the admin token: %w", err)
	}
	info, err := os.Lstat(base)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ours(info) {
		return "", fmt.Errorf("%s must be a folder of yours that only you can enter: remove it, or set admin.token", base)
	}
	return base, nil
}
