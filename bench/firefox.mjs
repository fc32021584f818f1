// Headless Firefox: Debian's ($FIREFOX, default /usr/bin/firefox-esr), started on a page with a profile of its own.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

export const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
export const firefoxInstalled = () => existsSync(FIREFOX);

const PREFS = {
  // The clock of an isolated page ticks every 20 us with these.
  "privacy.reduceTimerPrecision": false, "privacy.resistFingerprinting": false, "privacy.fingerprintingProtection": false,
  // Nothing may slow the page down, stop it, or run beside it.
  "dom.max_script_run_time": 0, "dom.ipc.processHangMonitor": false, "dom.timeout.enable_budget_timer_throttling": false,
  "dom.min_background_timeout_value": 4, "dom.ipc.processPriorityManager.enabled": false, "dom.ipc.processPrelaunch.enabled": false,
  "browser.cache.disk.enable": false, "browser.safebrowsing.downloads.enabled": false, "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false, "browser.region.update.enabled": false, "browser.search.update": false,
  "browser.shell.checkDefaultBrowser": false, "browser.startup.homepage_override.mstone": "ignore", "browser.aboutwelcome.enabled": false,
  "browser.sessionstore.resume_from_crash": false, "browser.topsites.contile.enabled": false, "app.update.enabled": false,
  "app.normandy.enabled": false, "datareporting.policy.dataSubmissionEnabled": false, "datareporting.healthreport.uploadEnabled": false,
  "toolkit.telemetry.enabled": false, "toolkit.telemetry.unified": false, "extensions.update.enabled": false,
  "extensions.getAddons.cache.enabled": false, "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false, "network.dns.disablePrefetch": true, "network.prefetch-next": false,
  "services.settings.server": "data:,#remote-settings-dummy/v1", "media.gmp-manager.updateEnabled": false,
};

/** Opens the page in a new process. Returns {exited: promise of why, close}; close ends the process and all that it started. */
export function launchFirefox(url, prefs = {}) {
  if (!firefoxInstalled()) throw new Error(`there is no Firefox at ${FIREFOX}: run tools/setup browser, or set FIREFOX`);
  const profile = mkdtempSync(path.join(tmpdir(), "weft-firefox-"));
  const lines = Object.entries({ ...PREFS, ...prefs }).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  writeFileSync(path.join(profile, "user.js"), lines.join(""));
  // A group of its own; a home of its own, where it may write.
  const browser = spawn(FIREFOX, ["--headless", "--no-remote", "--profile", profile, url], {
    detached: true, stdio: "ignore", env: { ...process.env, HOME: profile, XDG_CACHE_HOME: profile, XDG_CONFIG_HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
  });
  const exited = new Promise((resolve) => {
    browser.on("error", (error) => resolve(error.message));
    browser.on("exit", (code, signal) => resolve(`Firefox ended (${signal ?? `exit code ${code}`})`));
  });
  const kill = () => {
    try {
      process.kill(-browser.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  };
  process.once("exit", kill);
  return {
    exited,
    async close() {
      process.off("exit", kill);
      kill();
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}
