import { doors } from '../state/doors.ts';
import { hrefOf, route } from '../state/route.ts';
import { Icon } from '../ui/icon.tsx';
import { doorNames } from './door-words.ts';

/** Above every page but that of the doors, which shows each of them. */
export function LockdownBanner() {
  const locked = (doors.value ?? []).filter(({ lockdown }) => lockdown !== null);
  if (locked.length === 0 || route.value.page === 'doors') return null;
  const all = locked.length > 1 && locked.length === doors.value!.length;
  return (
    <div class="banner banner-locked">
      <Icon name="lock" />
      <span>
        {all ? `All ${locked.length} doors are` : `${doorNames(locked)} ${locked.length === 1 ? 'is' : 'are'}`} locked
        down.
      </span>
      <a class="button" href={hrefOf('doors')}>
        To the doors
      </a>
    </div>
  );
}
