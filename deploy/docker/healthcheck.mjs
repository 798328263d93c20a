// What the image's HEALTHCHECK runs: 0 where facegate answers, 1 where it does not. The image has no curl.
// With TLS in facegate itself: healthcheck.mjs https://127.0.0.1:8000/health, and NODE_EXTRA_CA_CERTS for its certificate.
const url = process.argv[2] ?? 'http://127.0.0.1:8000/health';

try {
  // The engine gives it 3 s and then counts it as failed; so does this, and says why.
  const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(2500) });
  if (!ok) throw new Error(`it answers ${status}`);
} catch (error) {
  process.stderr.write(`${url}: ${error.cause?.code ?? error.message}\n`);
  process.exitCode = 1;
}
