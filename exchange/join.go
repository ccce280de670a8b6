package exchange

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"hedui/seal"
)

// Enrol asks the parent at the address to take this node as its child and returns
// the parent to pin once an officer approved; until then the error is
// [ErrPending], and the caller asks again after a while. The parent's key need
// not be known before: the code proves it.
func Enrol(ctx context.Context, address string, me Identity, c Code, now time.Time) (Peer, error) {
	if err := checkURL(address); err != nil {
		return Peer{}, err
	}
	request, err := RequestEnrolment(me, c, now)
	if err != nil {
		return Peer{}, err
	}
	var proved seal.PublicKey
	config, err := clientTLS(me, func(key seal.PublicKey) error { proved = key; return nil })
	if err != nil {
		return Peer{}, err
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: noRedirect, Timeout: time.Minute}
	data, err := call(ctx, client, http.MethodPost, strings.TrimSuffix(address, "/")+PathEnrol, typeJSON, request, maxEnrolment)
	if err != nil {
		return Peer{}, err
	}
	parent, err := OpenAnswer(data, request, me, c, now, DefaultSkew)
	switch {
	case err != nil:
		return Peer{}, err
	case !parent.Sign[0].Key.Equal(proved):
		return Peer{}, errors.Join(ErrKey, errors.New("the connection is not the parent's"))
	}
	return parent, nil
}
