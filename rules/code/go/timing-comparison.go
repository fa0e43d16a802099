package main

func a(signature, other string) bool {
	// ruleid: go-timing-comparison
	return signature == other
}

func b(mac, expectedMAC []byte) bool {
	// ruleid: go-timing-comparison
	return bytes.Equal(mac, expectedMAC)
}

func c(signature []byte, other []byte) bool {
	// ok: go-timing-comparison
	return hmac.Equal(signature, other)
}

func d(password string) bool {
	// ok: go-timing-comparison
	return password == ""
}
