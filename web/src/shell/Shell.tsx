// What is around every page of those who are logged in: the header, the live feed, and the word when it is lost.

import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { sessionQuery, useUser } from "../api/session";
import type { User } from "../api/types";
import { type Feed, startFeed } from "../live/feed";
import { FeedContext } from "../live/useLive";
import { ConnectionChip } from "./ConnectionChip";
import { LostBanner } from "./LostBanner";
import classes from "./Shell.module.css";
import { UserMenu } from "./UserMenu";

export function Shell() {
  const user = useUser();
  const feed = useLiveFeed(user);
  if (!feed) return null;
  return (
    <FeedContext.Provider value={feed}>
      <div className={classes.shell}>
        <header className={classes.header}>
          <Link to="/" className={classes.brand}>
            <img src="/favicon.svg" alt="" width="22" height="22" />
            Cordboard
          </Link>
          <nav aria-label="Pages" className={classes.nav}>
            <Link to="/">Live</Link>
            <Link to="/calls">Calls</Link>
            {user.role === "administrator" && (
              <>
                <Link to="/phones">Phones</Link>
                <Link to="/trunks">Trunks</Link>
                <Link to="/dids">DIDs</Link>
                <Link to="/dialplan">Dialplan</Link>
                <Link to="/servers">Servers</Link>
                <Link to="/changes">Changes</Link>
              </>
            )}
          </nav>
          <LostBanner />
          <div className={classes.right}>
            <ConnectionChip />
            <UserMenu user={user} />
          </div>
        </header>
        <div className={classes.body}>
          <Outlet />
        </div>
      </div>
    </FeedContext.Provider>
  );
}

/** The feed of whoever is logged in; another user gets another feed. */
function useLiveFeed({ id: user, role }: User): Feed | null {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [feed, setFeed] = useState<{ user: string; feed: Feed } | null>(null);
  useEffect(() => {
    const started = startFeed({
      partial: role === "agent",
      onSessionEnded: () => {
        client.setQueryData(sessionQuery.queryKey, null);
        const next = globalThis.location.pathname;
        void navigate({ to: "/login", search: { next, ended: true } });
      },
    });
    setFeed({ user, feed: started });
    return () => started.close();
  }, [user, role, client, navigate]);
  return feed?.user === user ? feed.feed : null;
}
