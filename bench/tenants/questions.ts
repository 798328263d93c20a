import { execFileSync } from 'node:child_process';

/** What one and the same network says of these pictures every time. */
export type Expected =
  | { readonly what: 'compare'; readonly isSamePerson: boolean; readonly cosine: number }
  | { readonly what: 'detect'; readonly faces: number };

/** A request with pictures, ready to be sent. */
export interface Question {
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** null: anything is right. */
  readonly expected: Expected | null;
}

export interface Questions {
  /** Two pictures of one person. */
  readonly same: Question;
  /** Of two people. */
  readonly other: Question;
  readonly detect: Question;
}

/** Crops that cross to a process of the embedder's own are rounded to whole numbers; other pictures are farther apart. */
const COSINE_APART = 0.02;

/** Of the film; whoever is largest at both moments is one person, and not in the right half. */
const FIRST_S = 2.4;
const LATER_S = 3;

/** What they are to be answered is not known yet. */
export async function questionsOf(film: string): Promise<Questions> {
  const first = pictureOf(film, FIRST_S, 'scale=1280:720');
  const later = pictureOf(film, LATER_S, 'scale=1280:720');
  const others = pictureOf(film, LATER_S, 'scale=1280:720,crop=640:720:640:0');
  return {
    same: await question('/compare', { image1: first, image2: later }),
    other: await question('/compare', { image1: first, image2: others }),
    detect: await question('/detect', { image: first }),
  };
}

/**
 * The same with what a facegate at this address answers, to hold all others to.
 *
 * @throws {Error} where that is not what anybody sees in the pictures
 */
export async function withAnswers(questions: Questions, address: string): Promise<Questions> {
  const answerTo = async ({ path, contentType, body }: Question) => {
    const answer = await fetch(address + path, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body: new Uint8Array(body),
    });
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
    return expectedOf(await answer.text());
  };
  const [same, other, detect] = [
    await answerTo(questions.same),
    await answerTo(questions.other),
    await answerTo(questions.detect),
  ];
  if (same.what !== 'compare' || !same.isSamePerson) throw new Error('one person was taken for two');
  if (other.what !== 'compare' || other.isSamePerson) throw new Error('two people were taken for one');
  if (detect.what !== 'detect' || detect.faces === 0) throw new Error('nobody was found in the picture');
  return {
    same: { ...questions.same, expected: same },
    other: { ...questions.other, expected: other },
    detect: { ...questions.detect, expected: detect },
  };
}

export function isRight(text: string, expected: Expected | null): boolean {
  if (expected === null) return true;
  const got = expectedOf(text);
  if (got.what === 'detect') return expected.what === 'detect' && got.faces === expected.faces;
  return (
    expected.what === 'compare' &&
    got.isSamePerson === expected.isSamePerson &&
    Math.abs(got.cosine - expected.cosine) <= COSINE_APART
  );
}

function expectedOf(text: string): Expected {
  const answer = JSON.parse(text) as { is_same_person?: boolean; cosine?: number; faces?: unknown };
  return answer.is_same_person === undefined
    ? { what: 'detect', faces: Array.isArray(answer.faces) ? answer.faces.length : 0 }
    : { what: 'compare', isSamePerson: answer.is_same_person, cosine: answer.cosine ?? Number.NaN };
}

async function question(path: string, pictures: Readonly<Record<string, Buffer>>): Promise<Question> {
  const form = new FormData();
  for (const [name, bytes] of Object.entries(pictures))
    form.append(name, new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), `${name}.jpg`);
  const encoded = new Response(form);
  return {
    path,
    contentType: encoded.headers.get('content-type') ?? '',
    body: new Uint8Array(await encoded.arrayBuffer()),
    expected: null,
  };
}

function pictureOf(film: string, seconds: number, filters: string): Buffer {
  const args = ['-v', 'error', '-ss', String(seconds), '-i', film, '-frames:v', '1', '-vf', filters];
  return execFileSync('ffmpeg', [...args, '-q:v', '3', '-f', 'mjpeg', 'pipe:1'], { maxBuffer: 16_000_000 });
}
