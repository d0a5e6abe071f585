/** The text of a response, piece by piece as it comes. Ends the connection when the reader stops early. */
export async function* textOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) {
        return;
      }
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    reader?.cancel().catch(() => undefined);
  }
}
