package sim

import (
	"context"
	"errors"
	"net"
	"time"
)

// ListenAndServe serves on a TCP address until ctx ends. It is [Server.Serve]
// on a new listener.
func (s *Server) ListenAndServe(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return s.Serve(ctx, ln)
}

// Serve serves on a listener until ctx ends, and returns nil then; open
// connections are closed at once. It closes the listener. After a fault
// "refused" it listens again on the same address when the time is over.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	srv := s.newHTTPServer()
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	for {
		pause := make(chan time.Duration, 1)
		s.setRefuse(func(d time.Duration) bool {
			select {
			case pause <- d:
				_ = ln.Close()
				return true
			default:
				return false
			}
		})
		err := srv.Serve(ln)
		s.setRefuse(nil)
		if ctx.Err() != nil {
			return nil
		}
		select {
		case d := <-pause:
			if ln, err = reopen(ctx, ln.Addr(), d); err != nil {
				return errors.Join(err, srv.Close())
			}
			if ln == nil {
				return nil
			}
		default:
			return errors.Join(err, srv.Close())
		}
	}
}

// reopen waits and listens again; the listener is nil if ctx ends first.
func reopen(ctx context.Context, addr net.Addr, after time.Duration) (net.Listener, error) {
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil, nil //nolint:nilnil // said above
	case <-timer.C:
	}
	var lc net.ListenConfig
	return lc.Listen(ctx, addr.Network(), addr.String())
}

func (s *Server) setRefuse(f func(time.Duration) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = f
}

// refuseFor closes the listener for a while, if there is one.
func (s *Server) refuseFor(d time.Duration) {
	s.mu.Lock()
	refuse := s.refuse
	s.mu.Unlock()
	if refuse != nil {
		refuse(d)
	}
}
