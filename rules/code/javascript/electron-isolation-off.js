// ruleid: javascript-electron-isolation-off
new BrowserWindow({ webPreferences: { nodeIntegration: true } });
// ok: javascript-electron-isolation-off
new BrowserWindow({ webPreferences: { sandbox: true } });
