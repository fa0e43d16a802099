// ruleid: javascript-symlink-following
tar.x({ file, cwd: folder, preservePaths: true });
// ruleid: javascript-symlink-following
tar.create({ gzip: true, follow: true, file }, ["."]);
// ok: javascript-symlink-following
tar.x({ file, cwd: folder });
// ok: javascript-symlink-following
fetch(address, { follow: true });
