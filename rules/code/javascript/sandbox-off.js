// ruleid: javascript-sandbox-off
new BrowserWindow({ webPreferences: { nodeIntegration: true } });
// ok: javascript-sandbox-off
new BrowserWindow({ webPreferences: { sandbox: true } });
