import type { LiveFace } from '../api/live-message.ts';
import { number2, STATUS_WORDS, whyNot } from './face-words.ts';

/** The faces of the picture as text: for a second look, and for those who do not see the picture. */
export function FaceList({ faces, live }: { faces: readonly LiveFace[]; live: boolean }) {
  if (faces.length === 0) return <p class="muted">{live ? 'No face in the picture.' : 'No live picture.'}</p>;
  const order: LiveFace['status'][] = ['known', 'unknown', 'unfit'];
  const ranked = [...faces].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status) || a.bbox[0] - b.bbox[0]);
  return (
    <ul class="face-list">
      {ranked.map((face) => (
        <li key={`${face.bbox}`}>
          <span class={`legend-box legend-${face.status}`} aria-hidden="true" />
          <span class="face-who">{face.subject?.name ?? STATUS_WORDS[face.status]}</span>
          <span class="face-why">{whyNot(face) ?? ''}</span>
          <span class="figure" title="Similarity to the best subject; quality of the face">
            {face.similarity === null ? '–' : number2(face.similarity)}
            <span class="muted"> / {face.quality === null ? '–' : number2(face.quality)}</span>
            {face.scores?.liveness !== undefined && <span class="muted"> / live {number2(face.scores.liveness)}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
