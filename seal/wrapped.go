package seal

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
)

const (
	pemWrapped      = "HEDUI WRAPPED KEY"
	headerWrappedBy = "Wrapped-By" // name of the key that did so, at the wrapper
	headerID        = "Id"         // of the key inside
)

// ErrWrapped means that a key file needs a [Wrapper], and there is none.
var ErrWrapped = errors.New("seal: the key is wrapped by a key held elsewhere")

// A Wrapper holds keys that it gives to nobody, by name: a hardware module, a
// key-management service. Unwrap returns what Wrap was given, or an error; it never
// returns anything else. Both may be called by several goroutines at once.
type Wrapper interface {
	Wrap(ctx context.Context, key string, plain []byte) (wrapped []byte, err error)
	Unwrap(ctx context.Context, key string, wrapped []byte) (plain []byte, err error)
}

// SaveWrapped writes the key to a new file as [Key.Save] does, but wrapped by a key
// of the wrapper: the file alone tells nothing. It reads the file back before it is
// content, so that no key comes into use that the wrapper would not give back.
func (k Key) SaveWrapped(ctx context.Context, path, by string, w Wrapper) error {
	id, err := k.ID()
	if err != nil {
		return err
	}
	var raw []byte
	if err := k.use(func(m *material) error { raw = slices.Clone(m.raw); return nil }); err != nil {
		return err
	}
	defer clear(raw)
	wrapped, err := w.Wrap(ctx, by, raw)
	if err != nil {
		return fmt.Errorf("seal: wrap key: %w", err)
	}
	data := pem.EncodeToMemory(&pem.Block{Type: pemWrapped, Bytes: wrapped,
		Headers: map[string]string{headerAlgorithm: k.Algorithm(), headerWrappedBy: by, headerID: id}})
	if data == nil {
		return fmt.Errorf("%w: name %q of the wrapping key", ErrMalformed, by)
	}
	if _, err := parseWrapped(ctx, data, w); err != nil {
		return fmt.Errorf("seal: the key does not come back as it was wrapped: %w", err)
	}
	return writeNew(path, data, ownerOnly)
}

// LoadKeyBy reads what [Key.Save] or [Key.SaveWrapped] wrote. A nil wrapper reads only
// the first; the error for the second is [ErrWrapped].
func LoadKeyBy(ctx context.Context, path string, w Wrapper) (Key, error) {
	data, err := readSecret(path)
	if err != nil {
		return Key{}, err
	}
	defer clear(data)
	parse := parseKey
	if block, _ := pem.Decode(data); block != nil && block.Type == pemWrapped {
		parse = func(data []byte) (Key, error) { return parseWrapped(ctx, data, w) }
	}
	key, err := parse(data)
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

func parseWrapped(ctx context.Context, data []byte, w Wrapper) (Key, error) {
	block, err := onlyBlock(data, pemWrapped)
	if err != nil {
		return Key{}, err
	}
	if _, err := cipherNamed(block.Headers[headerAlgorithm]); err != nil {
		return Key{}, err
	}
	by := block.Headers[headerWrappedBy]
	if w == nil {
		return Key{}, fmt.Errorf("%w, under the name %q", ErrWrapped, by)
	}
	raw, err := w.Unwrap(ctx, by, block.Bytes)
	if err != nil {
		return Key{}, fmt.Errorf("seal: unwrap key: %w", err)
	}
	key, err := newKey(raw, block.Headers[headerAlgorithm])
	if err != nil {
		return Key{}, err
	}
	if id, err := key.ID(); err != nil || id != block.Headers[headerID] {
		key.Destroy()
		return Key{}, fmt.Errorf("%w: the wrapper gave back another key than it was given", ErrMalformed)
	}
	return key, nil
}
