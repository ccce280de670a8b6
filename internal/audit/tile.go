package audit

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// A log is served and copied in tiles (C2SP tlog-tiles): files of 256 hashes of
// one level, and files of 256 entries. The last of each level may be partial.
const (
	TileHeight = 8
	TileWidth  = 1 << TileHeight
)

// CheckpointPath is where a copy of a log has its newest checkpoint.
const CheckpointPath = "checkpoint"

// CosignedPath is where a copy has the newest checkpoints that others have
// cosigned, one after the other with an empty line between.
const CosignedPath = "cosigned"

// KeyPath is where a copy has the public key of its log. It proves nothing by
// itself: compare it with the key that the node's officer reads out.
const KeyPath = "log.key"

// TilePath is where a copy of a log has a tile. Level -1 is entries.
func TilePath(t tlog.Tile) string {
	p := strings.Replace(t.Path(), fmt.Sprintf("tile/%d/", TileHeight), "tile/", 1)
	return strings.Replace(p, "tile/data/", "tile/entries/", 1)
}

// ParseTilePath reads what [TilePath] wrote, and no other form.
func ParseTilePath(path string) (tlog.Tile, error) {
	p := strings.Replace(path, "tile/entries/", "tile/data/", 1)
	t, err := tlog.ParseTilePath(strings.Replace(p, "tile/", fmt.Sprintf("tile/%d/", TileHeight), 1))
	if err != nil || TilePath(t) != path {
		return tlog.Tile{}, ErrForm
	}
	return t, nil
}

// Tiles calls f for every tile of a log of that size, level by level from the
// entries up: first the full ones of a level, then the partial one.
func Tiles(size int64, f func(tlog.Tile) error) error {
	for level := -1; ; level++ {
		n := size >> (TileHeight * max(level, 0))
		if n == 0 && level >= 0 {
			return nil
		}
		for i := int64(0); i*TileWidth < n; i++ {
			if err := f(tlog.Tile{H: TileHeight, L: level, N: i, W: int(min(TileWidth, n-i*TileWidth))}); err != nil {
				return err
			}
		}
		if n == 0 {
			return nil
		}
	}
}

// AppendEntry adds an entry's canonical line to a tile of entries.
func AppendEntry(tile, line []byte) []byte {
	return append(binary.BigEndian.AppendUint16(tile, uint16(len(line))), line...) //nolint:gosec // G115: a line is far shorter, see MaxDetail
}

// splitEntries reads a tile of entries; it stops where the tile is damaged.
func splitEntries(tile []byte) (lines [][]byte) {
	for len(tile) >= 2 {
		n := int(binary.BigEndian.Uint16(tile))
		if len(tile) < 2+n {
			break
		}
		lines, tile = append(lines, tile[2:2+n]), tile[2+n:]
	}
	return lines
}
