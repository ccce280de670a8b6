package exchange

import (
	"encoding/json"
	"net/http"
)

type wirePushed struct {
	Receipts []wireReceipt `json:"receipts"`
}

// push takes a batch and answers with a receipt for each envelope, in their order.
func (h *Handler) push(w http.ResponseWriter, r *http.Request, child Peer) error {
	select {
	case h.pushes <- struct{}{}:
		defer func() { <-h.pushes }()
	default:
		return &Refusal{Reason: ReasonBusy}
	}
	data, err := readBody(w, r, typeBatch, MaxBatch)
	if err != nil {
		return err
	}
	parcels, err := decodeBatch(data)
	if err != nil {
		return err
	}
	u := unpacker{me: h.Identity, peers: h.Peers, receiver: h.Receiver, skew: h.Skew}
	receipts, errs := u.take(r.Context(), child.Name, parcels, h.Now)
	for i, receipt := range receipts {
		if receipt.Status == Refused || receipt.Status == Busy {
			h.refuse(r, receipt.ID, errs[i])
		}
	}
	return writeJSON(w, http.StatusOK, wirePushed{Receipts: wireReceipts(receipts)})
}

// enrol takes the request of a node that is no peer yet.
func (h *Handler) enrol(w http.ResponseWriter, r *http.Request) {
	answer, err := h.enrolled(w, r)
	if err != nil {
		h.refuse(r, "", err)
		writeProblem(w, err)
		return
	}
	_ = writeJSON(w, http.StatusOK, json.RawMessage(answer))
}

func (h *Handler) enrolled(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if h.Registrar == nil {
		return nil, ErrCode
	}
	select {
	case h.enrols <- struct{}{}: // strangers get two places, not the machine
		defer func() { <-h.enrols }()
	default:
		return nil, &Refusal{Reason: ReasonBusy}
	}
	key, err := connectionKey(r.TLS)
	if err != nil {
		return nil, err
	}
	data, err := readBody(w, r, typeJSON, maxEnrolment)
	if err != nil {
		return nil, err
	}
	e, err := OpenEnrolment(r.Context(), data, h.Registrar, h.Now(), h.Skew)
	switch {
	case err != nil:
		return nil, err
	case !e.Sign.Equal(key): // somebody passes on what another node sent
		return nil, ErrKey
	}
	if err := h.Registrar.Enrol(r.Context(), e); err != nil {
		return nil, err
	}
	secret, err := h.Registrar.Secret(r.Context(), e.Name)
	if err != nil {
		return nil, err
	}
	return AnswerEnrolment(h.Identity, e, secret, h.Now())
}
