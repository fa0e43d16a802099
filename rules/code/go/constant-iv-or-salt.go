package main

func a(block cipher.Block) {
	iv := []byte("1234567890123456")
	// ruleid: go-constant-iv-or-salt
	mode := cipher.NewCBCEncrypter(block, iv)
	zeros := make([]byte, 12)
	// ruleid: go-constant-iv-or-salt
	gcm.Seal(nil, zeros, text, nil)
	nonce := make([]byte, 12)
	rand.Read(nonce)
	// ok: go-constant-iv-or-salt
	gcm.Seal(nil, nonce, text, nil)
	fresh := make([]byte, 12)
	if _, err := io.ReadFull(rand.Reader, fresh); err != nil {
		return
	}
	// ok: go-constant-iv-or-salt
	gcm.Seal(nil, fresh, text, nil)
	// ruleid: go-constant-iv-or-salt
	key := argon2.IDKey(password, []byte("salt"), 1, 64, 4, 32)
}
