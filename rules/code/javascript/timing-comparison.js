// ruleid: javascript-timing-comparison
if (signature === given) {
  done();
}

// ok: javascript-timing-comparison
if (crypto.timingSafeEqual(signature, given)) {
  done();
}

// ok: javascript-timing-comparison
if (signature === null) {
  done();
}
