/** A key of 128 random bits. Plain http has no randomUUID. */
export function clientKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
