"""Files that a workspace shares, what was read from them, and what search needs."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField, SparseVectorField

from apps.accounts.models import User
from apps.core.ids import uuid7
from apps.documents.reasons import in_your_words, notes_in_your_words
from apps.inference.models import InstalledModel
from apps.workspaces.models import Workspace

UNITS = {
    **dict.fromkeys(("pptx", "odp"), "slide"),
    **dict.fromkeys(("xlsx", "xls", "ods"), "sheet"),
    "epub": "chapter",
    "zip": "file",
}
PROGRESS = {
    "page": _("Reading page %(progress)s of %(of)s"),
    "slide": _("Reading slide %(progress)s of %(of)s"),
    "sheet": _("Reading sheet %(progress)s of %(of)s"),
    "chapter": _("Reading chapter %(progress)s of %(of)s"),
    "file": _("Reading file %(progress)s of %(of)s"),
}
TERM_SPACE = 999_999_937  # a prime: 4 collisions among 69,332 terms were measured


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: User) -> DocumentQuerySet:
        """Documents of the workspaces that `user` belongs to, deleted ones left out."""
        return self.filter(workspace__in=Workspace.objects.visible_to(user), deleted_at=None)

    def removed_from(self, user: User) -> DocumentQuerySet:
        """Deleted documents of those workspaces, as long as they can be brought back."""
        return self.filter(workspace__in=Workspace.objects.visible_to(user)).exclude(deleted_at=None)


class Document(models.Model):
    """A file on the workspace's shelf. What was uploaded under it stands in its versions; `current` is the newest."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="documents")
    name = models.CharField(max_length=255)
    title = models.CharField(max_length=300, blank=True)
    current = models.ForeignKey("DocumentVersion", null=True, on_delete=models.SET_NULL, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-id"], name="document_workspace_newest")]

    def __str__(self) -> str:
        return self.title or self.name


class DocumentVersionQuerySet(models.QuerySet["DocumentVersion"]):
    def visible_to(self, user: User) -> DocumentVersionQuerySet:
        """Versions of the documents that `user` may read."""
        return self.filter(document__in=Document.objects.visible_to(user))

    def on_a_shelf(self) -> DocumentVersionQuerySet:
        """Those whose document and workspace nobody has deleted."""
        return self.filter(document__deleted_at=None, workspace__deleted_at=None)


class DocumentVersion(models.Model):
    """One upload of a document, from the first byte to ready or to the reason why not."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        READING = "reading"
        INDEXING = "indexing"
        READY = "ready"
        FAILED = "failed"

    UNFINISHED = (Status.QUEUED, Status.READING, Status.INDEXING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    kind = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=10, blank=True)
    storage_key = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    warnings = models.JSONField(default=list)
    pages = models.PositiveIntegerField(default=0)
    progress = models.PositiveIntegerField(default=0)
    progress_of = models.PositiveIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(default=0)
    beat_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(null=True)  # when it came into the line the last time
    turn = models.BigIntegerField(default=0)  # see apps.documents.line
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DocumentVersionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="version_number_once")]
        indexes = [
            models.Index(fields=["workspace", "sha256"], name="version_workspace_sha256"),
            models.Index(fields=["status"], name="version_unfinished", condition=models.Q(status__in=["queued", "reading", "indexing"])),
            models.Index(
                fields=["workspace"], name="version_unfinished_here", condition=models.Q(status__in=["queued", "reading", "indexing"])
            ),
            models.Index(fields=["turn", "id"], name="version_line", condition=models.Q(status="queued")),
            models.Index(fields=["added_by", "turn"], name="version_line_of_person", condition=models.Q(status="queued")),
            models.Index(fields=["workspace", "queued_at"], name="version_workspace_queued"),
        ]

    def __str__(self) -> str:
        return f"{self.document} v{self.number}"

    @property
    def unit(self) -> str:
        """What its kind consists of, and progress counts: "page", "slide", "sheet", "chapter" or "file"."""
        return UNITS.get(self.kind, "page")

    @property
    def progress_words(self) -> str:
        """How far its reading is."""
        return str(PROGRESS[self.unit] % {"progress": self.progress, "of": self.progress_of})

    @property
    def why_failed(self) -> str:
        """The reason in the reader's language; "" where nothing failed."""
        return in_your_words(self.reason, self.reason_code) if self.reason else ""

    @property
    def notes(self) -> list[str]:
        """What is to be known about it though it was read, or what of it could not be, in the reader's language."""
        return notes_in_your_words(self.warnings)


class ReadingLine(models.Model):
    """Since when a workspace's files come and are read without a pause: what is counted as one piece of work."""

    workspace = models.OneToOneField(Workspace, primary_key=True, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"line of {self.workspace_id} since {self.since:%Y-%m-%d %H:%M:%S}"


class Page(models.Model):
    """The clean text of one place of a version: a page, a section, some rows. What the text view shows."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="page_texts")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)
    label = models.CharField(max_length=300, blank=True)
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "number"], name="page_number_once")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.number}"


class Chunk(models.Model):
    """A passage that search can find: characters `start` to `end` of page `page` of the current, ready version."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks")
    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="chunks")
    ordinal = models.PositiveIntegerField()
    page = models.PositiveIntegerField()
    place = models.CharField(max_length=300, blank=True)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "ordinal"], name="chunk_ordinal_once")]

    def __str__(self) -> str:
        return f"{self.document_id} #{self.ordinal}"


class ChunkTerms(models.Model):
    """A chunk's BM25 weights as a sparse vector, narrow and apart from its text so that an exact scan stays cheap."""

    chunk = models.OneToOneField(Chunk, primary_key=True, on_delete=models.CASCADE, related_name="terms_row")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    w = SparseVectorField(dimensions=TERM_SPACE)
    terms = ArrayField(models.IntegerField())

    class Meta:
        indexes = [GinIndex(fields=["terms"], name="chunk_terms_gin")]

    def __str__(self) -> str:
        return f"terms of chunk {self.chunk_id}"


class ChunkVector(models.Model):
    """Where a chunk stands among the vectors of one model; narrow, so that an exact scan stays cheap. None: the model refused its text.

    The column is kept in the row whatever its length: moved out of it, a scan costs three times as much.
    """

    id = models.BigAutoField(primary_key=True)
    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="vectors", db_index=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    model = models.ForeignKey(InstalledModel, on_delete=models.CASCADE, related_name="+")
    embedding = HalfVectorField(null=True)
    is_cut = models.BooleanField(default=False, help_text="the model reads less than the whole chunk")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chunk", "model"], name="chunk_vector_once")]
        indexes = [models.Index(fields=["workspace", "model"], name="chunk_vector_workspace")]

    def __str__(self) -> str:
        return f"vector of chunk {self.chunk_id}"


class Filling(models.Model):
    """The making of a model's vectors: by which file, who is at it, heard of by a beat, and why it stands still if it does."""

    model = models.OneToOneField(InstalledModel, primary_key=True, on_delete=models.CASCADE, related_name="filling")
    sha256 = models.CharField(max_length=64, help_text="of the file that made the vectors: those of another are worth nothing")
    beat_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"filling of {self.model_id}"


class Vocabulary(models.Model):
    """A workspace's terms: in how many chunks each stands, and hashes of its near spellings."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    term = models.CharField(max_length=64)
    df = models.IntegerField()
    near = ArrayField(models.IntegerField(), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "term"], name="vocabulary_term_once")]
        indexes = [GinIndex(fields=["near"], name="vocabulary_near_gin")]

    def __str__(self) -> str:
        return f"{self.term} ({self.df})"


class WorkspaceIndex(models.Model):
    """How many chunks a workspace has, and how many documents of each language: what idf and the analyzer need."""

    workspace = models.OneToOneField(Workspace, primary_key=True, on_delete=models.CASCADE, related_name="index")
    chunks = models.IntegerField(default=0)
    languages = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"index of {self.workspace_id}: {self.chunks} chunks"
