package sim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// controls is the path under which a server is steered.
const controls = "/_sim/"

func isControl(path string) bool { return strings.HasPrefix(path, controls) }

// control answers the endpoints that steer the server and tell what it saw.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, controls) {
	case "GET log":
		writeJSON(w, http.StatusOK, s.Log())
	case "GET faults":
		s.mu.Lock()
		set := s.standing
		s.mu.Unlock()
		writeJSON(w, http.StatusOK, map[string]any{"faults": Faults(), "set": set})
	case "POST faults":
		s.setFromWire(w, r)
	case "POST reset":
		s.Reset()
		w.WriteHeader(http.StatusNoContent)
	default:
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "there are GET /_sim/log, GET /_sim/faults, POST /_sim/faults and POST /_sim/reset"})
	}
}

func (s *Server) setFromWire(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Model string `json:"model"`
		Fault string `json:"fault"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&asked)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": `send {"model":"claude-*","fault":"503x2"}; an empty fault clears: ` + err.Error()})
		return
	}
	var faults []Fault
	if asked.Fault != "" {
		if faults, err = ParseFaults(asked.Fault); err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
	}
	s.SetFault(asked.Model, faults...)
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(jsonBody(v, "  "), '\n'))
}
