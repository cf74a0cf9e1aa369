package server

import (
	"math/rand/v2"
	"time"
)

// crockford is the alphabet of ULIDs: 32 letters and digits that are not
// mistaken for one another.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newRequestID makes an id that sorts by time and collides with none: "sg_", 48
// bits of milliseconds, 80 random bits.
func newRequestID(now time.Time) string {
	var id [29]byte
	copy(id[:], "sg_")
	put(id[3:13], uint64(now.UnixMilli()))
	put(id[13:21], rand.Uint64())
	put(id[21:29], rand.Uint64())
	return string(id[:])
}

// put writes the low bits of v, five to a letter.
func put(dst []byte, v uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = crockford[v&31]
		v >>= 5
	}
}
