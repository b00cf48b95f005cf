// The settings: what an agent chooses about the page, and what the workspace has agreed on. Simple forms, each sending
// one command; the server decides who may.

import { useEffect } from "preact/hooks";
import { useApp } from "../app";
import { words } from "../text/words_settings";
import { AgentsPage } from "./settings_agents";
import { CannedPage, FieldsPage, TagsPage, TargetsPage } from "./settings_words";
import { PreferencesPage } from "./settings_preferences";
import { QueuesPage } from "./settings_queues";

const sections = ["preferences", "agents", "queues", "tags", "fields", "canned", "targets"] as const;

export function SettingsPages() {
  const app = useApp();
  const route = app.router.route.value;
  const wanted = route.page === "settings" ? route.section : "";
  const section = sections.find((one) => one === wanted) ?? "preferences";

  useEffect(() => {
    // What is about to be changed is read now, whatever the pace of polling.
    void Promise.allSettled([app.desk.readSettings(), app.desk.readAgents(), app.desk.readQueues(), app.desk.readTeams(), app.desk.readCanned()]);
  }, [section]);

  return (
    <div class="settings">
      <nav class="settings-nav" aria-label={words.label}>
        <ul>
          {sections.map((one) => <li key={one}><a href={`#/settings/${one}`} aria-current={one === section ? "page" : undefined}>{words.sections[one]}</a></li>)}
        </ul>
      </nav>
      <div class="page settings-page">
        <h1>{words.sections[section]}</h1>
        {section === "preferences" && <PreferencesPage />}
        {section === "agents" && <AgentsPage />}
        {section === "queues" && <QueuesPage />}
        {section === "tags" && <TagsPage />}
        {section === "fields" && <FieldsPage />}
        {section === "canned" && <CannedPage />}
        {section === "targets" && <TargetsPage />}
      </div>
    </div>
  );
}
