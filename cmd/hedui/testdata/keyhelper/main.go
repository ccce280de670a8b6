// Command keyhelper is a key helper as docs/keys.md describes it, whose keys are
// files of 32 bytes in a directory: what a helper for a hardware module is written
// after. With FAULT it misbehaves, for tests.
package main

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

type call struct {
	Version   int    `json:"version"`
	Operation string `json:"operation"`
	Key       string `json:"key"`
	Data      []byte `json:"data"`
}

func main() {
	switch os.Getenv("FAULT") {
	case "slow":
		time.Sleep(time.Minute)
	case "silent":
		os.Exit(3)
	case "garbage":
		fmt.Println("no JSON at all")
		return
	case "extra":
		fmt.Println(`{"data":"AAAA","note":"x"}`)
		return
	case "two":
		fmt.Println(`{"data":"AAAA"}{"data":"AAAA"}`)
		return
	case "empty":
		fmt.Println(`{}`)
		return
	case "long":
		_ = json.NewEncoder(os.Stdout).Encode(map[string][]byte{"data": make([]byte, 1<<20)})
		return
	case "other": // a key, but another one
		fmt.Println(`{"data":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`)
		return
	}
	var c call
	err := json.NewDecoder(os.Stdin).Decode(&c)
	var data []byte
	if err == nil {
		data, err = c.answer(os.Args[1])
	}
	answer := map[string]any{"data": data}
	if err != nil {
		answer = map[string]any{"error": err.Error()}
	}
	_ = json.NewEncoder(os.Stdout).Encode(answer)
}

func (c call) answer(dir string) ([]byte, error) {
	if c.Version != 1 {
		return nil, fmt.Errorf("version %d is not spoken here", c.Version)
	}
	raw, err := os.ReadFile(filepath.Join(dir, filepath.Base(c.Key)))
	if err != nil {
		return nil, fmt.Errorf("no key of the name %s", c.Key)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	switch c.Operation {
	case "wrap":
		return gcm.Seal(nil, nil, c.Data, []byte(c.Key)), nil
	case "unwrap":
		plain, err := gcm.Open(nil, nil, c.Data, []byte(c.Key))
		if err != nil {
			return nil, errors.New("not wrapped by this key")
		}
		return plain, nil
	}
	return nil, fmt.Errorf("operation %q is not known", c.Operation)
}
