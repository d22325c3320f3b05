"""What several tests share: one realistic event, a release of a project, a server as a process."""
