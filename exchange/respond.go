package exchange

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

type wireProblem struct {
	Reason Reason `json:"reason"`
}

// writeProblem answers with the reason alone: the cause is for this side.
func writeProblem(w http.ResponseWriter, err error) {
	status, reason := http.StatusForbidden, ReasonOf(err)
	switch reason {
	case "":
		status, reason = http.StatusInternalServerError, ReasonLocal
	case ReasonBusy:
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
	case ReasonTooLarge:
		status = http.StatusRequestEntityTooLarge
	case ReasonMalformed, ReasonVersion:
		status = http.StatusBadRequest
	case ReasonPending:
		status = http.StatusAccepted
	}
	_ = writeJSON(w, status, wireProblem{Reason: reason})
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", typeJSON)
	w.WriteHeader(status)
	_, err = w.Write(data)
	return ignoreGone(err)
}

// readBody reads a request of that type up to limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, kind string, limit int64) ([]byte, error) {
	if r.Header.Get("Content-Type") != kind {
		return nil, ErrMalformed
	}
	return readAll(http.MaxBytesReader(w, r.Body, limit), r.ContentLength, limit)
}

// readAll reads what is said to be size bytes (-1 = not said) without growing step by step.
func readAll(from io.Reader, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, ErrTooLarge
	}
	if size >= 0 {
		data := make([]byte, size)
		_, err := io.ReadFull(from, data)
		return data, err
	}
	data, err := io.ReadAll(from)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || int64(len(data)) > limit {
		return nil, ErrTooLarge
	}
	return data, err
}

// ignoreGone drops the error of writing an answer to a child that has gone: it
// asks again, and nothing of the answer counts before it says so.
func ignoreGone(error) error { return nil }

// orElse returns v, or the default for the zero value.
func orElse[T int | time.Duration](v, byDefault T) T {
	if v == 0 {
		return byDefault
	}
	return v
}
