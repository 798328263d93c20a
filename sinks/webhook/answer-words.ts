/** What a status means for a webhook, to stand after its address. */
export function answerWords(status: number): string {
  if (status >= 300 && status < 400) {
    return `answered ${status}, a redirect, which is not followed: write the final address`;
  }
  if (status === 401 || status === 403) return `answered ${status}: it does not accept the signature or who we are`;
  return `answered ${status}`;
}
