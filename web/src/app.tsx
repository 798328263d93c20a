import { AuditPage } from './admin/audit-page.tsx';

import { FeedsPage } from './admin/feeds-page.tsx';
import { KeysPage } from './admin/keys-page.tsx';
import { DoorsPage } from './doors/doors-page.tsx';
import { LockdownBanner } from './doors/lockdown-banner.tsx';
import { EventsPage } from './events/events-page.tsx';
import { PeoplePage } from './people/people-page.tsx';
import { PersonPage } from './people/person-page.tsx';
import { LoginPage } from './session/login-page.tsx';
import { StartingPage } from './session/starting-page.tsx';
import { ConnectionBanner } from './shell/connection-banner.tsx';
import { Dialogs } from './shell/dialogs.tsx';
import { ReadinessBanner } from './shell/readiness-banner.tsx';
import { TopBar } from './shell/top-bar.tsx';
import { announcement } from './state/announce.ts';
import { route } from './state/route.ts';
import { session } from './state/session.ts';
import { UnknownsPage } from './unknowns/unknowns-page.tsx';
import { WallPage } from './wall/wall-page.tsx';

export function App() {
  const { phase } = session.value;
  if (phase === 'starting') return <StartingPage />;
  if (phase === 'login') return <LoginPage />;
  return (
    <>
      <button type="button" class="skip" onClick={toMain}>
        To the content
      </button>
      <TopBar />
      <ConnectionBanner />
      <LockdownBanner />
      <ReadinessBanner />
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
      <Dialogs />
      <div class="sr-only" role="status" aria-live="polite">
        {announcement.value}
      </div>
    </>
  );
}

function Page() {
  const at = route.value;
  switch (at.page) {
    case 'events':
      return <EventsPage query={at.query} />;
    case 'doors':
      return <DoorsPage />;
    case 'people':
      return at.person === null ? <PeoplePage /> : <PersonPage id={at.person} />;
    case 'unknowns':
      return <UnknownsPage moment={at.moment} />;
    case 'keys':
      return <KeysPage />;
    case 'feeds':
      return <FeedsPage />;
    case 'audit':
      return <AuditPage />;
    default:
      return <WallPage camera={at.camera} />;
  }
}

/** A button: the address's hash is the route already. */
function toMain(): void {
  document.getElementById('main')?.focus();
}
