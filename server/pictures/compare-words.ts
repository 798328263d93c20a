/** What `/compare` says to people, in the languages it speaks. */
export type Language = 'en' | 'zh';

export type PictureName = 'image1' | 'image2';

interface CompareWords {
  same(similarity: string): string;
  different(similarity: string): string;
  unfit(picture: PictureName, reason: string): string;
  sideFace(picture: PictureName): string;
  unevenLight(picture: PictureName): string;
  dark(picture: PictureName): string;
  bright(picture: PictureName): string;
  blurred(picture: PictureName): string;
  smallFace(picture: PictureName): string;
  smallPicture(picture: PictureName, size: string): string;
  otherFaces(picture: PictureName, count: number): string;
  lowerConfidence: string;
}

export const COMPARE_WORDS: Readonly<Record<Language, CompareWords>> = {
  en: {
    same: (similarity) => `Same person (similarity ${similarity}).`,
    different: (similarity) => `Not the same person (similarity ${similarity}).`,
    unfit: (picture, reason) => `Cannot be judged: the face in ${picture} is not fit to be recognised (${reason}).`,
    sideFace: (picture) => `The face in ${picture} is turned to the side; use a frontal one.`,
    unevenLight: (picture) => `The face in ${picture} is lit from one side; use even light.`,
    dark: (picture) => `The face in ${picture} is dark; use more light.`,
    bright: (picture) => `The face in ${picture} is over-exposed; use less light.`,
    blurred: (picture) => `The face in ${picture} is blurred; use a sharp picture.`,
    smallFace: (picture) => `The face in ${picture} is small; come closer or use a larger picture.`,
    smallPicture: (picture, size) => `${picture} is ${size} pixels; use at least 640×480.`,
    otherFaces: (picture, count) => `${picture} shows ${count} faces; the largest one was compared.`,
    lowerConfidence: 'If a face was missed, try a lower confidence.',
  },
  zh: {
    same: (similarity) => `是同一个人(相似度 ${similarity})。`,
    different: (similarity) => `不是同一个人(相似度 ${similarity})。`,
    unfit: (picture, reason) => `无法判断:${picture} 中的人脸不适合识别(${reason})。`,
    sideFace: (picture) => `${picture} 中是侧脸,请使用正脸照片。`,
    unevenLight: (picture) => `${picture} 中的人脸光照不均匀,请使用光线均匀的照片。`,
    dark: (picture) => `${picture} 中的人脸过暗,请增加光线。`,
    bright: (picture) => `${picture} 中的人脸过曝,请减弱光线。`,
    blurred: (picture) => `${picture} 中的人脸模糊,请使用清晰的照片。`,
    smallFace: (picture) => `${picture} 中的人脸太小,请靠近拍摄或使用更大的照片。`,
    smallPicture: (picture, size) => `${picture} 只有 ${size} 像素,请使用不小于 640×480 的照片。`,
    otherFaces: (picture, count) => `${picture} 中有 ${count} 张人脸,比较的是最大的一张。`,
    lowerConfidence: '如果有人脸未被检测到,请尝试降低 confidence。',
  },
};

/** The language of ours that `Accept-Language` likes best; English when it names none. */
export function preferredLanguage(header: string | undefined): Language {
  let best: Language = 'en';
  let bestWeight = 0;
  for (const item of (header ?? '').split(',')) {
    const [tag = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const primary = tag.split('-')[0];
    const language = primary === 'zh' || primary === 'en' ? primary : tag === '*' ? 'en' : null;
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    if (language && weight > bestWeight) {
      best = language;
      bestWeight = weight;
    }
  }
  return best;
}
